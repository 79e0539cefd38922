#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "checkpoint/protocol/paths.h"
#include "checkpoint/state_header.h"
#include "cluster/messages.h"
#include "platform/mailbox.h"
#include "platform/platform.h"
#include "runtime/aborted_checkpoints.h"
#include "runtime/incremental_base.h"
#include "runtime/job_execution.h"
#include "runtime/large_values.h"
#include "runtime/local_copies.h"
#include "runtime/snapshot_writes.h"

namespace weir {

struct WorkerOptions {
  ExecutionOptions execution;
  bool incremental = false;  ///< checkpoints refer to what older ones have written
  StateCompression compression = StateCompression::kNone;  ///< of keyed state in checkpoints
  int64_t inline_threshold = 20 * 1024;  ///< bytes; larger pieces of state go into the data file
  int64_t large_value = 64 << 20;        ///< size of one key's value in bytes that causes a warning
  int max_unfinished_writes = 2;         ///< of snapshots; with more, no checkpoint begins here
  bool ignore_unclaimed_state = false;
  bool pin_shards = false;
  std::string checkpoint_directory;  ///< URI of the job's directory; empty: no checkpoints
  /// URI of a directory that only this process uses, for copies of its state; empty: no copies.
  std::string local_directory;
  bool restore_from_local = false;  ///< reads the copies after a failure
  /// Reads the figures of this process; null: they are not reported. Called on the worker's thread.
  std::function<ProcessFigures()> process_figures;
  /// Reads a text of this process; null: there is none. Called on the worker's thread.
  std::function<std::string(ProcessText)> process_text;
  int slots = 1;
  std::string build;               ///< of this executable; empty: not compared
  std::string host = "localhost";  ///< for placement and display
  std::string data_address;        ///< where other workers reach this one; empty: not reachable
  MonotonicTime heartbeat_timeout = std::chrono::seconds(50);
  /// Without a coordinator for this long, the worker ends.
  MonotonicTime registration_timeout = std::chrono::minutes(5);
};

/// The worker's state. `ended`: the job has ended, or the worker was refused, or found no
/// coordinator.
struct WorkerView {
  bool ended = false;
  Status status;  ///< why it ended; OK if the coordinator sent that the job is done
  bool registered = false;
  int64_t epoch = 0;  ///< of the coordinator it last registered with
};

/// Runs one process's part of a job: finds the job master and registers with it, deploys attempts,
/// forwards its messages to the shards, writes their snapshots, and answers. When the connection to
/// the job master breaks, the worker cancels the attempt and registers again. Thread: its own (an
/// actor); view() any. The graph must outlive it.
class Worker final : public Actor, private ShardListener {
 public:
  /// Starts connecting to the current leader; UNAVAILABLE if none is known. Called on the worker's
  /// thread.
  using Dialer = std::function<StatusOr<std::unique_ptr<Connection>>(Endpoint)>;

  /// `data_server`: where other workers reach this one; null if this process is the whole cluster.
  /// `on_end` is called once, when the view shows the end.
  Worker(const JobGraph& graph, WorkerOptions options, Platform& platform, Dialer dial,
         DataServer* data_server, std::function<void()> on_end);
  ~Worker() override;

  Mailbox<std::function<void()>>& mailbox() { return mailbox_; }
  /// Thread: any. The connected job master is no longer the leader: look for another.
  void leader_changed();
  /// Thread: any. Leaves the cluster: cancels its part of the attempt, then ends.
  void leave();
  /// Thread: any. User code has crashed, and the process will end soon: fails the attempt with this
  /// report. Calls `heard` when the job master has received it, or at once if there is no attempt.
  void report_crash(std::string report, std::function<void()> heard);
  WorkerView view() const;

  MonotonicTime step() override;

 private:
  /// One attempt to run the job.
  struct Attempt {
    AttemptId number = 0;
    std::shared_ptr<const Deploy> deploy;
    std::shared_ptr<const RestorePlan> plan;  ///< for this worker's subtasks; null on a fresh start
    /// With the files that these subtasks read; null if the checkpoint has none.
    std::shared_ptr<const Sidecar> sidecar;
    JobGraph graph;  ///< with the attempt's parallelism
    std::unique_ptr<JobExecution> execution;
    size_t restoring = 0;    ///< number of tasks not open yet
    bool connected = false;  ///< to the other workers
    size_t ended = 0;
    size_t finished = 0;
    bool cancelling = false;
    /// Of checkpoints that some tasks have not reached yet.
    std::map<CheckpointId, std::vector<TaskSnapshot>> snapshots;
    /// The same. A barrier from another process may be here before the trigger.
    struct Trigger {
      TriggerCheckpoint message;
      MonotonicTime at{0};
    };
    std::map<CheckpointId, Trigger> triggered;
    AbortedCheckpoints aborted;
    SnapshotWrites writes;
    /// Null: checkpoints are written in full. Blocking work shares it.
    std::shared_ptr<IncrementalBase> incremental;
    std::map<int, ShardProgress> progress;  ///< by shard
  };

  // The connection to the job master.
  MonotonicTime tend_link(MonotonicTime now);
  void dial(MonotonicTime now);
  void lose_link(const Status& reason);
  void on_frame(const std::string& frame);
  void on_registered(const Registered& message);
  void end(Status status);
  void send(const FromWorker& message);
  void report_metrics();

  // The attempt.
  void deploy(std::shared_ptr<const Deploy> message);
  void open_task(Task& task);
  void on_task_open(AttemptId attempt, const std::string& task, const Status& status);
  void deployed_if_ready();
  void cancel();
  void end_attempt_if_idle();
  void take_snapshot_part(TaskSnapshot snapshot);
  void write_if_complete(CheckpointId id);
  void write_snapshot(const TriggerCheckpoint& trigger, std::vector<TaskSnapshot> parts);
  StatusOr<SnapshotWriteResult> write_parts(const TriggerCheckpoint& trigger,
                                            const DataFileName& file, SnapshotWrite& write,
                                            LocalCopies* local, IncrementalBase* incremental);
  void on_snapshot_written(AttemptId attempt, const std::shared_ptr<SnapshotWrite>& write,
                           const Status& status, AcknowledgeCheckpoint ack);
  void trigger_checkpoint(const TriggerCheckpoint& message);
  void abort_checkpoint(CheckpointId id);
  void exchange_failed(const Status& reason);
  void task_failed(AttemptId attempt, std::string task, Status status);
  void task_reached_end(AttemptId attempt, bool finished);
  bool runs(AttemptId attempt) const {
    return attempt_ && attempt_->number == attempt && attempt_->execution->started() &&
           !attempt_->cancelling;
  }
  /// Runs `action` on this actor's thread, unless the attempt has changed.
  void post_for_attempt(std::function<void()> action);

  // Called by shards, on their threads.
  void on_snapshot(TaskSnapshot snapshot) override;
  void on_task_failure(std::string task, Status status) override;
  void on_task_ended() override;
  void on_task_finished() override;
  void on_split_wanted(int vertex, int subtask) override;
  void on_watermark_to_align(int vertex, int subtask, Timestamp watermark) override;
  void on_progress(int shard, const ShardProgress& progress) override;

  const JobGraph& graph_;
  const WorkerOptions options_;
  Platform& platform_;
  const Dialer dial_;
  DataServer* const data_server_;
  std::function<void()> on_end_;
  const std::string id_;
  Mailbox<std::function<void()>> mailbox_;
  std::vector<std::function<void()>> actions_;
  /// Called when the job master has received the report of a crash.
  std::function<void()> crash_heard_;

  std::unique_ptr<Connection> link_;
  int64_t link_number_ = 0;  ///< events of an earlier link are ignored
  int64_t epoch_ = -1;       ///< the latest epoch that this worker has registered with
  MonotonicTime last_heard_{0};
  MonotonicTime last_step_{0};
  MonotonicTime dial_at_{0};
  MonotonicTime report_at_{0};  ///< no metrics are sent with heartbeats before
  MonotonicTime dial_delay_{0};
  std::optional<MonotonicTime> searching_since_;
  Status last_link_failure_;

  std::shared_ptr<LocalCopies> local_;  ///< may be null; blocking work shares it
  LargeValues large_values_;
  BlockingGate gate_;
  std::atomic<AttemptId> running_attempt_{
      0};  ///< stamped on shards' reports; changes only while no shard runs
  std::unique_ptr<Attempt> attempt_;

  WorkerView current_;
  mutable std::mutex view_mutex_;
  WorkerView view_;  ///< guarded by view_mutex_
};

}  // namespace weir
