#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "checkpoint/coordinator.h"
#include "cluster/job_options.h"
#include "cluster/job_preparation.h"
#include "cluster/messages.h"
#include "platform/mailbox.h"
#include "platform/platform.h"

namespace weir {

/// Flink's JobStatus, as far as one job in one program has it.
enum class JobState { kPreparing, kRunning, kRestarting, kCancelling, kFinished, kFailed, kCanceled };
const char* to_string(JobState state);
inline bool is_terminal(JobState state) {
  return state == JobState::kFinished || state == JobState::kFailed || state == JobState::kCanceled;
}

/// What one can know of a job from outside.
struct JobView {
  JobState state = JobState::kPreparing;
  Status failure;                      ///< why it failed, or why it was restarted last
  bool refused = false;                ///< it failed before the first record
  int64_t restarts = 0;
  int64_t source_records = 0;          ///< in this process, over all attempts: records replayed count again
  Timestamp watermark = kMinWatermark;
  CheckpointId restored_checkpoint = -1;
  CheckpointStatistics checkpoints;
};

/// Leads one job: prepares it, deploys it, lets its checkpoints be taken, and starts it again from the last one when a task fails.
/// Thread: its own (an actor); view() and cancel() any. The graph outlives it.
class JobMaster final : public Actor, private CheckpointHost {
 public:
  JobMaster(const JobGraph& graph, JobOptions options, Platform& platform, std::function<void()> on_end);
  ~JobMaster() override;

  /// Before the first step.
  void connect(std::unique_ptr<Connection> to_worker) { to_worker_ = std::move(to_worker); }
  Endpoint endpoint();
  Mailbox<std::function<void()>>& mailbox() { return *mailbox_; }

  JobView view() const;
  /// Ends the job; what becomes of its checkpoints the retention policy says.
  void cancel();

  MonotonicTime step() override;

 private:
  enum class Phase {
    kPreparing,        ///< probing, reading the checkpoint, enumerating splits; before the first record
    kDeploying,        ///< tasks open and read their state
    kRunning,
    kTearingDown,      ///< the attempt is being ended; after_ says what follows
    kWaitingToRestart,
    kTerminal,
  };

  void prepare();
  void on_prepared(StatusOr<PreparedJob> prepared);
  void deploy();
  void on_message(const Message& message);
  void on_running();
  void on_ended(bool finished);
  void finish_by_checkpoint();
  void attempt_failed(Status status);
  /// Ends the attempt, then does `after` (on this thread).
  void tear_down(std::function<void()> after);
  void torn_down();
  /// Does what was to follow the end of the attempt.
  void go_on();
  void schedule_restart();
  void end(JobState state, JobOutcome outcome);
  void publish_view();
  template <class M>
  void send(M message) {
    to_worker_->send(std::make_unique<M>(std::move(message)));
  }

  // CheckpointHost
  void send_trigger(const TriggerCheckpoint& message) override;
  void send_complete(const NotifyCheckpointComplete& message) override;
  void send_aborted(const NotifyCheckpointAborted& message) override;
  void run_blocking(std::function<std::function<void()>()> work) override;
  void on_checkpoint_failure_beyond_tolerance(const Status& status) override;
  void on_completed(const CompletedCheckpoint& checkpoint) override;

  const JobGraph& graph_;
  const JobOptions options_;
  Platform& platform_;
  std::function<void()> on_end_;  ///< called once, when the view shows a terminal state
  const std::shared_ptr<Mailbox<std::function<void()>>> mailbox_ = std::make_shared<Mailbox<std::function<void()>>>();
  std::vector<std::function<void()>> actions_;
  std::unique_ptr<Connection> to_worker_;

  Phase phase_ = Phase::kPreparing;
  bool begun_ = false;
  bool cancel_requested_ = false;
  int64_t attempt_ = 0;
  std::optional<PreparedJob> prepared_;
  std::unique_ptr<CheckpointCoordinator> coordinator_;  ///< null without checkpoints
  RestartBackoff backoff_;
  std::function<void()> after_;
  bool waiting_for_storage_ = false;
  MonotonicTime restart_at_{0};
  int64_t records_of_earlier_attempts_ = 0;
  int64_t records_of_attempt_ = 0;

  JobView current_;  ///< this actor's
  mutable std::mutex view_mutex_;
  JobView view_;     ///< guarded by view_mutex_
};

}  // namespace weir
