#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/ids.h"
#include "checkpoint/checkpoint_history.h"
#include "metrics/metric_report.h"
#include "platform/clock.h"
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

inline constexpr size_t kJobStates = static_cast<size_t>(JobState::kCanceled) + 1;

/// What is known of single workers, tasks and failures. Wall-clock times are in ms since 1970.
struct JobDetail {
  struct Worker {
    std::string id;
    std::string host;
    std::string data_address;
    int slots = 1;
    int64_t last_heard_ms = 0;
    int index = -1;  ///< in the attempt; -1: takes no part
  };
  struct Failure {
    int64_t at_ms = 0;
    std::string where;  ///< the task or place; may be empty
    std::string message;
  };
  std::vector<Worker> workers;
  std::vector<int32_t> worker_of_shard;  ///< by the worker's index; empty without an attempt
  std::vector<Failure> failures;         ///< newest first, at most kFailuresKept
  AttemptFigures figures;                ///< by the latest reports of the workers
};
inline constexpr size_t kFailuresKept = 16;

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
  std::string stopped_with;  ///< URI of the savepoint that ended the job; empty: none
  std::shared_ptr<const CheckpointReport> checkpoints =
      std::make_shared<const CheckpointReport>();  ///< never null
  /// At most a second old; never null.
  std::shared_ptr<const JobDetail> detail = std::make_shared<const JobDetail>();
  /// By JobState: when it was last entered; wall clock, 0: never.
  std::array<int64_t, kJobStates> entered_ms{};
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
  JobStatus(int slots_wanted, int64_t wall_ms) {
    current_.slots_wanted = slots_wanted;
    current_.entered_ms[static_cast<size_t>(current_.state)] = wall_ms;
    published_ = current_;
  }

  JobView& current() { return current_; }
  const JobView& current() const { return current_; }
  void publish(int64_t wall_ms) {
    if (current_.state != published_.state)
      current_.entered_ms[static_cast<size_t>(current_.state)] = wall_ms;
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
