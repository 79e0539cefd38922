#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "checkpoint/coordinator.h"
#include "checkpoint/leader_store.h"
#include "checkpoint/savepoint_request.h"
#include "cluster/job_master/job_attempt.h"
#include "cluster/job_master/job_status.h"
#include "cluster/job_master/job_termination.h"
#include "cluster/job_master/recovery.h"
#include "cluster/job_master/slot_wait.h"
#include "cluster/job_master/split_assigner.h"
#include "cluster/job_master/text_requests.h"
#include "cluster/job_master/watermark_aligner.h"
#include "cluster/job_master/worker_liveness.h"
#include "cluster/job_master/worker_pool.h"
#include "cluster/job_options.h"
#include "cluster/job_preparation.h"
#include "metrics/metric_report.h"
#include "platform/mailbox.h"
#include "platform/platform.h"

namespace weir {

/// Leads one job: prepares it, places it on the registered workers, deploys it, has its checkpoints
/// taken, and restarts it from the last one when a task fails or a worker is lost. Connects the
/// parts that do the work: JobAttempt, WorkerLiveness, Recovery, SlotWait, JobTermination,
/// JobStatus, SplitAssigner, CheckpointCoordinator.
/// Thread: its own (an actor); accept(), view(), cancel(), trigger_checkpoint() and
/// trigger_savepoint() any. The graph must outlive it.
class JobMaster final : public Actor,
                        private CheckpointHost,
                        private TerminationHost,
                        private SplitAssignerHost {
 public:
  /// `epoch`: larger than that of every earlier job master of this job. `store`: null without
  /// election. `on_end` is called once, when the view shows a terminal state and the workers are
  /// notified.
  JobMaster(const JobGraph& graph, JobOptions options, Platform& platform, int64_t epoch,
            std::shared_ptr<LeaderStore> store, std::function<void()> on_end);
  ~JobMaster() override;

  /// A worker has connected. Passed to Transport::listen.
  Endpoint accept(std::unique_ptr<Connection> connection);
  /// A connection to this job master for a worker in this process.
  std::unique_ptr<Connection> connect_from_here(Endpoint worker);
  Mailbox<std::function<void()>>& mailbox() { return *mailbox_; }

  JobView view() const { return status_.view(); }
  /// Call it when somebody looks at the job: for a while, the workers then report their metrics
  /// every second. Thread: any.
  void observe();
  /// Ends the job; the retention policy decides whether its checkpoints are kept.
  void cancel();
  /// Takes a checkpoint now. Calls `done` with it or with the error, on the job master's thread.
  /// Does not call `done` if the job master is destroyed first.
  void trigger_checkpoint(SnapshotFormat format, CheckpointDone done);
  /// Takes a savepoint now. If it is to end the job, calls `done` when the job has ended: sinks
  /// have then committed exactly what the savepoint covers. If the savepoint fails, the job goes
  /// on. Other than that as trigger_checkpoint().
  void trigger_savepoint(SavepointRequest request, CheckpointDone done);
  /// Continues on this number of slots: takes a checkpoint, and restarts the tasks from it. Calls
  /// `done` when they run again, on fewer slots if there are not enough. If the checkpoint fails,
  /// the job goes on as it is. INVALID_ARGUMENT: more slots than the program's parallelism, or
  /// none. Other than that as trigger_checkpoint(). A later start of the job forgets it.
  using RescaleDone = std::function<void(const Status&)>;
  void rescale(int slots, RescaleDone done);

  /// Asks a worker for a text of its process. Calls `done` on the job master's thread, or never if
  /// the job master is destroyed first. NOT_FOUND: there is no such worker.
  void read_text(std::string worker, ProcessText what, TextRequests::Done done);

  MonotonicTime step() override;

 private:
  enum class Phase {
    kPreparing,  ///< probing, reading the checkpoint, enumerating splits; before the first record
    kWaitingForSlots,
    kInAttempt,  ///< attempt_ has the details
    /// No worker holds anything of the attempt, but a checkpoint's outcome is not known.
    kWaitingForStorage,
    kWaitingToRestart,
    kEnding,  ///< termination_ has the details
  };

  // From a preparation to its attempt.
  void prepare();
  void on_prepared(StatusOr<PreparedJob> prepared);
  void on_preparation_failed(const Status& failure);
  void make_coordinator();
  MonotonicTime wait_for_slots(MonotonicTime now);
  void deploy(int shards);
  void on_deployed();
  void on_running();

  // From the end of an attempt to the next step.
  void on_ended();
  bool finish_by_checkpoint();
  /// `where`: the task or place of the failure. It may differ next time though the failure is the
  /// same.
  void attempt_failed(const Status& failure, const std::string& where = "");
  /// Restarts on other slots if there are more, or if rescale() has asked for it. Call right after
  /// a checkpoint, so that no work is repeated.
  void rescale_if_wanted();
  Status why_not_rescaled(int slots) const;
  void answer_rescale(const Status& status);
  /// Ends the attempt, then calls `after` (on this thread).
  void tear_down(std::function<void()> after);
  void go_on_if_all_left();
  void go_on();
  void schedule_restart();
  void set_restored_aside(const Status& failure);
  void fail_for_good(const Status& failure);
  void end(JobState state);

  // Stop with a savepoint.
  void stop_with_savepoint(SavepointRequest request, CheckpointDone done);
  void on_stopped(const StatusOr<CompletedCheckpoint>& savepoint, const CheckpointDone& done);
  void answer_stop(JobState state);

  // Workers.
  /// Adds a connection, and sends the farewell if the job has ended.
  void add_connection(int64_t session, std::unique_ptr<Connection> connection);
  Endpoint endpoint_of(int64_t session);
  void on_frame(int64_t session, const std::string& frame);
  void on_register(int64_t session, RegisterWorker message);
  void on_message(PooledWorker& worker, FromWorker& message);
  void on_event(const PooledWorker& worker, const JobAttempt::Event& event);
  void lose_worker(int64_t session, const Status& reason);
  MonotonicTime tend_workers(MonotonicTime now);
  MonotonicTime align_sources(MonotonicTime now);
  void take_metrics(const PooledWorker& worker, MetricsOfWorker message);
  void publish_view(MonotonicTime now);
  void publish_detail(MonotonicTime now);
  void note_failure(const std::string& where, const Status& failure);

  // CheckpointHost
  void send_trigger(const TriggerCheckpoint& message) override { attempt_.send(message); }
  std::map<OperatorId, std::string> enumerator_states() override { return splits_.states(); }
  void send_complete(const NotifyCheckpointComplete& message) override { attempt_.send(message); }
  void send_aborted(const NotifyCheckpointAborted& message) override { attempt_.send(message); }
  void on_checkpoint_failure_beyond_tolerance(const Status& status) override;
  void on_completed(const CompletedCheckpoint& checkpoint) override;
  void on_drain_failed(const Status& status) override;
  // SplitAssignerHost
  int32_t parallelism_of(int32_t vertex) const override {
    return attempt_.graph().vertices[static_cast<size_t>(vertex)].parallelism;
  }
  void send_splits(const AssignSplits& message) override {
    attempt_.send_to(message.to.subtask, message);
  }
  void run_enumerator(const std::string& executor,
                      std::function<std::function<void()>()> work) override {
    run_blocking_on(executor, std::move(work));
  }
  void on_enumerator_failed(const Status& status) override { attempt_failed(status); }
  // TerminationHost
  void clean_up(JobOutcome outcome, std::function<void()> done) override;
  void on_terminal(const JobEnd& end) override;
  // CheckpointHost and TerminationHost
  void run_blocking(std::function<std::function<void()>()> work) override;
  void run_blocking_on(std::string_view executor, std::function<std::function<void()>()> work);

  /// Whether an earlier leader has started the job.
  bool has_taken_over() const { return store_ != nullptr && epoch_ > 1; }

  // Set once.
  const JobGraph& graph_;
  const std::shared_ptr<const JobOptions>
      shared_options_;  ///< work on the I/O pool may outlive this actor
  const JobOptions& options_ = *shared_options_;
  Platform& platform_;
  const int64_t epoch_;
  const std::shared_ptr<LeaderStore> store_;

  // From other threads.
  const std::shared_ptr<Mailbox<std::function<void()>>> mailbox_ =
      std::make_shared<Mailbox<std::function<void()>>>();
  std::vector<std::function<void()>> actions_;
  std::atomic<int64_t> next_session_{1};

  // The parts.
  JobStatus status_;
  WorkerPool pool_;
  WorkerLiveness liveness_;
  JobAttempt attempt_;
  SplitAssigner splits_;
  WatermarkAligner aligner_;
  SlotWait slot_wait_;
  Recovery recovery_;
  JobTermination termination_;
  std::unique_ptr<CheckpointCoordinator> coordinator_;  ///< null without checkpoints
  ReportedMetrics metrics_;
  TextRequests text_requests_;
  std::vector<JobDetail::Failure> failures_;  ///< newest first
  bool detail_changed_ = false;               ///< since it was published
  bool figures_changed_ = false;              ///< the same; published with any later step
  MonotonicTime publish_detail_at_{0};
  MonotonicTime observed_until_{0};

  // State that connects the parts.
  Phase phase_ = Phase::kPreparing;
  bool begun_ = false;
  bool cancel_requested_ = false;
  /// The job ends with this savepoint, which is complete.
  struct Stopped {
    CompletedCheckpoint savepoint;
    CheckpointDone done;
  };
  std::optional<Stopped> stopped_;
  /// A rescaling that is not answered.
  struct Rescaling {
    int slots_before = 0;
    RescaleDone done;
    bool begun = false;  ///< the attempt on the former slots was ended
  };
  std::optional<Rescaling> rescaling_;
  std::optional<PreparedJob> prepared_;
  std::function<void()> after_;  ///< called after the end of the attempt
  MonotonicTime restart_at_{0};
};

}  // namespace weir
