#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "checkpoint/coordinator.h"
#include "checkpoint/leader_store.h"
#include "cluster/failure_history.h"
#include "cluster/job_options.h"
#include "cluster/job_preparation.h"
#include "cluster/worker_pool.h"
#include "platform/mailbox.h"
#include "platform/platform.h"

namespace weir {

/// Flink's JobStatus, as far as one job in one program has it.
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

/// What one can know of a job from outside.
struct JobView {
  JobState state = JobState::kPreparing;
  Status failure;        ///< why it failed, or why it was restarted last
  bool refused = false;  ///< it failed before the first record
  int64_t restarts = 0;
  int64_t source_records =
      0;  ///< under this job master, over all attempts: records replayed count again
  Timestamp watermark = kMinWatermark;
  int64_t late_records = 0;  ///< dropped by operators; counted as source_records are
  CheckpointId restored_checkpoint = -1;
  CheckpointStatistics checkpoints;
  AttemptId attempt = 0;
  int workers = 0;  ///< registered
  int slots = 0;    ///< theirs
  int shards = 0;   ///< slots that the attempt uses
  int slots_wanted = 0;
};

/// Leads one job: prepares it, places it on the workers that register, deploys it, lets its
/// checkpoints be taken, and starts it again from the last one when a task fails or a worker is
/// lost. Thread: its own (an actor); accept(), view() and cancel() any. The graph outlives it.
class JobMaster final : public Actor, private CheckpointHost {
 public:
  /// `epoch`: larger than that of every job master of this job before. `store`: null where there is
  /// no election.
  JobMaster(const JobGraph& graph, JobOptions options, Platform& platform, int64_t epoch,
            std::shared_ptr<LeaderStore> store, std::function<void()> on_end);
  ~JobMaster() override;

  /// A worker has connected. For Transport::listen.
  Endpoint accept(std::unique_ptr<Connection> connection);
  /// For a worker of this process: a connection to this job master.
  std::unique_ptr<Connection> connect_from_here(Endpoint worker);
  Mailbox<std::function<void()>>& mailbox() { return *mailbox_; }

  JobView view() const;
  /// Ends the job; what becomes of its checkpoints the retention policy says.
  void cancel();

  MonotonicTime step() override;

 private:
  enum class Phase {
    kPreparing,  ///< probing, reading the checkpoint, enumerating splits; before the first record
    kWaitingForSlots,
    kDeploying,  ///< tasks open and read their state
    kRunning,
    kTearingDown,  ///< the attempt is being ended; after_ says what follows
    kWaitingToRestart,
    kTerminal,
  };

  void prepare();
  void on_prepared(StatusOr<PreparedJob> prepared);
  MonotonicTime wait_for_slots(MonotonicTime now);
  void deploy(int shards);
  void on_frame(int64_t session, const std::string& frame);
  void on_register(int64_t session, RegisterWorker message);
  void on_message(PooledWorker& worker, FromWorker message);
  void lose_worker(int64_t session, const Status& reason);
  void on_running();
  void on_progress(PooledWorker& worker, const ProgressReport& report);
  void on_ended(bool finished);
  void finish_by_checkpoint();
  /// `where`: what it happened in; it may be another one the next time though the failure is the
  /// same.
  void attempt_failed(const Status& failure, const std::string& where = "");
  /// Nothing would be mended by another attempt.
  void fail_for_good(const Status& failure);
  /// The attempt's checkpoint cannot be restored: the one before is taken, or the job ends.
  void set_restored_aside(const Status& failure);
  void widen_if_possible();
  int shards() const { return static_cast<int>(worker_of_shard_.size()); }
  /// Others have led the job before: it is under way.
  bool has_taken_over() const { return store_ != nullptr && epoch_ > 1; }
  /// Ends the attempt, then does `after` (on this thread).
  void tear_down(std::function<void()> after);
  void torn_down_if_all_left();
  /// Does what was to follow the end of the attempt.
  void go_on();
  void schedule_restart();
  void end(JobState state, JobOutcome outcome);
  void record_result(JobState state, JobOutcome outcome);
  void clean_up(JobState state, JobOutcome outcome);
  void terminate(JobState state);
  MonotonicTime tend_workers(MonotonicTime now);
  void give_up_silent_workers(MonotonicTime now);
  void publish_view();
  void send_to_attempt(const FromMaster& message);

  // CheckpointHost
  void send_trigger(const TriggerCheckpoint& message) override;
  void send_complete(const NotifyCheckpointComplete& message) override;
  void send_aborted(const NotifyCheckpointAborted& message) override;
  void run_blocking(std::function<std::function<void()>()> work) override;
  void on_checkpoint_failure_beyond_tolerance(const Status& status) override;
  void on_completed(const CompletedCheckpoint& checkpoint) override;

  const JobGraph& graph_;
  const std::shared_ptr<const JobOptions>
      shared_options_;  ///< work on the I/O pool may outlive this actor
  const JobOptions& options_ = *shared_options_;
  Platform& platform_;
  const int64_t epoch_;
  const std::shared_ptr<LeaderStore> store_;
  std::function<void()>
      on_end_;  ///< called once, when the view shows a terminal state and the workers know it
  const std::shared_ptr<Mailbox<std::function<void()>>> mailbox_ =
      std::make_shared<Mailbox<std::function<void()>>>();
  std::vector<std::function<void()>> actions_;
  std::atomic<int64_t> next_session_{1};
  WorkerPool pool_;

  Phase phase_ = Phase::kPreparing;
  bool begun_ = false;
  bool cancel_requested_ = false;
  bool found_ended_ = false;  ///< under an earlier leader
  bool has_run_ = false;      ///< an attempt of this job master has
  FailureHistory failures_;
  std::set<CheckpointId> set_aside_;  ///< could not be restored
  bool damage_met_ = false;  ///< by an attempt that read its state: until a newer checkpoint is
                             ///< complete all is verified before
  AttemptId attempt_;
  JobGraph attempt_graph_;                ///< as wide as the attempt
  std::vector<int32_t> worker_of_shard_;  ///< of the attempt
  std::optional<PreparedJob> prepared_;
  std::unique_ptr<CheckpointCoordinator> coordinator_;  ///< null without checkpoints
  RestartBackoff backoff_;
  std::function<void()> after_;
  bool waiting_for_storage_ = false;
  std::optional<std::pair<JobState, JobOutcome>>
      record_again_;  ///< how the job ended could not be recorded yet
  MonotonicTime record_again_at_{0};
  MonotonicTime restart_at_{0};
  MonotonicTime waiting_since_{0};
  MonotonicTime said_waiting_at_{0};
  MonotonicTime teardown_deadline_{0};
  MonotonicTime goodbye_deadline_{0};
  MonotonicTime next_heartbeat_{0};
  MonotonicTime next_look_{0};
  MonotonicTime last_step_{0};
  int64_t records_of_earlier_attempts_ = 0;
  int64_t records_of_attempt_ = 0;

  JobView current_;  ///< this actor's
  mutable std::mutex view_mutex_;
  JobView view_;  ///< guarded by view_mutex_
};

}  // namespace weir
