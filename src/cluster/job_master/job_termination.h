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
  bool refused = false;  ///< before its first record: it may be started again when what was wrong
                         ///< is mended, so nothing is recorded
};

/// What the end of a job needs of the job master. Called on its thread.
class TerminationHost {
 public:
  virtual ~TerminationHost() = default;
  /// Runs `work` on the I/O pool, then what it returns on the job master's thread.
  virtual void run_blocking(std::function<std::function<void()>()> work) = 0;
  /// Deletes what is not to be kept, then calls back, perhaps at once.
  virtual void clean_up(JobOutcome outcome, std::function<void()> done) = 0;
  /// The job has ended: all workers are to hear of it.
  virtual void on_terminal(const JobEnd& end) = 0;
};

/// The end of a job: records the result where coordinators are elected, lets checkpoints be deleted
/// afterwards, and gives the workers time to hear of it. Thread: the job master's.
/// Invariant: nothing is deleted before the result is recorded: a leader that takes over in between
/// must not look for checkpoints that are gone.
class JobTermination {
 public:
  /// `store`: null without election. `on_end` is called once, when the workers know.
  JobTermination(const Clock& clock, std::shared_ptr<LeaderStore> store, TerminationHost& host,
                 std::function<void()> on_end);

  /// Once: later calls have no effect.
  void begin(JobEnd end);
  /// The job has ended under an earlier leader.
  void begin_known(JobEnd end);
  bool is_terminal() const { return stage_ == Stage::kTerminal; }
  /// For a worker that comes after the end; none before it.
  std::optional<Shutdown> farewell() const;

  /// Does what is due; when to call it next. `workers_gone`: no worker is connected.
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
  bool known_ = false;  // workers that missed the end are on their way here
  MonotonicTime record_again_at_{0};
  MonotonicTime goodbye_deadline_{0};
};

}  // namespace weir
