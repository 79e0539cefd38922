#pragma once

#include <memory>
#include <mutex>

#include "base/ids.h"
#include "checkpoint/checkpoint_history.h"
#include "weir/operator/batch.h"
#include "weir/status.h"

namespace weir {

/// Flink's JobStatus, restricted to a single job in one program.
enum class JobState {
  kPreparing,
  kWaitingForSlots,
  kRunning,
  kRestarting,
  kCancelling,
  kFinished,
  kFailed,
  kCanceled
};
const char* to_string(JobState state);
inline bool is_terminal(JobState state) {
  return state == JobState::kFinished || state == JobState::kFailed || state == JobState::kCanceled;
}

/// The state of a job as seen from outside.
struct JobView {
  JobState state = JobState::kPreparing;
  Status failure;        ///< why it failed, or why it was last restarted
  bool refused = false;  ///< it failed before the first record
  int64_t restarts = 0;
  /// Under this job master, over all attempts; replayed records count again.
  int64_t source_records = 0;
  Timestamp watermark = kMinWatermark;
  int64_t late_records = 0;  ///< dropped by operators; counted like source_records
  CheckpointId restored_checkpoint = -1;
  std::shared_ptr<const CheckpointReport> checkpoints =
      std::make_shared<const CheckpointReport>();  ///< never null
  AttemptId attempt = 0;
  int workers = 0;  ///< number of registered workers
  int slots = 0;    ///< slots of the registered workers
  int shards = 0;   ///< slots that the attempt uses
  int slots_wanted = 0;
};

/// The view of a job: one thread changes it, any thread may read the last published version.
/// Thread: the job master's; view() any.
class JobStatus {
 public:
  explicit JobStatus(int slots_wanted) { current_.slots_wanted = slots_wanted; }

  JobView& current() { return current_; }
  const JobView& current() const { return current_; }
  void publish() {
    std::lock_guard lock(mutex_);
    published_ = current_;
  }
  JobView view() const {
    std::lock_guard lock(mutex_);
    return published_;
  }

 private:
  JobView current_;
  mutable std::mutex mutex_;
  JobView published_;  // guarded by mutex_
};

}  // namespace weir
