#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "checkpoint/leader_store.h"
#include "checkpoint/retention.h"
#include "cluster/job_master/job_status.h"
#include "cluster/messages.h"
#include "platform/clock.h"

namespace weir {

/// How a job has ended.
struct JobEnd {
  JobState state = JobState::kFinished;  ///< a terminal one
  std::string message;                   ///< why it failed
  /// Refused before its first record. The job may be started again once the cause is fixed, so no
  /// result is recorded.
  bool refused = false;
  /// It failed only because nobody reads its results, which is no error.
  bool unwanted = false;
};

/// The termination's view of the job master. Called on its thread.
class TerminationHost {
 public:
  virtual ~TerminationHost() = default;
  /// Runs `work` on the I/O pool, then the function that it returns on the job master's thread.
  virtual void run_blocking(std::function<std::function<void()>()> work) = 0;
  /// Deletes the checkpoints that are not retained, then calls `done`, possibly at once.
  virtual void clean_up(JobOutcome outcome, std::function<void()> done) = 0;
  /// The job has ended: notify all workers.
  virtual void on_terminal(const JobEnd& end) = 0;
};

/// Ends a job: with election, records the result; then lets checkpoints be deleted, and gives the
/// workers time to be notified. Thread: the job master's.
/// Invariant: nothing is deleted before the result is recorded. Otherwise a leader that takes over
/// in between would look for deleted checkpoints.
class JobTermination {
 public:
  /// `store`: null without election. `on_end` is called once, when the workers are notified.
  JobTermination(const Clock& clock, std::shared_ptr<LeaderStore> store, TerminationHost& host,
                 std::function<void()> on_end);

  /// Only the first call has an effect.
  void begin(JobEnd end);
  /// The job ended under an earlier leader.
  void begin_known(JobEnd end);
  bool is_terminal() const { return stage_ == Stage::kTerminal; }
  /// The answer to a worker that connects after the end; none before the end.
  std::optional<Shutdown> farewell() const;

  /// Does what is due, and returns when to call it next. `workers_gone`: no worker is connected.
  MonotonicTime poll(MonotonicTime now, bool workers_gone);

 private:
  enum class Stage { kNotBegun, kRecording, kRecordAgain, kCleaningUp, kTerminal };
  void record();
  void on_recorded(const Status& status);
  void clean_up();
  void terminate();

  const Clock& clock_;
  const std::shared_ptr<LeaderStore> store_;
  TerminationHost& host_;
  std::function<void()> on_end_;
  Stage stage_ = Stage::kNotBegun;
  JobEnd end_;
  bool known_ = false;  // workers that missed the end may still connect
  MonotonicTime record_again_at_{0};
  MonotonicTime goodbye_deadline_{0};
};

}  // namespace weir
