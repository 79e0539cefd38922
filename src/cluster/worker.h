#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cluster/messages.h"
#include "platform/mailbox.h"
#include "platform/platform.h"
#include "runtime/job_execution.h"

namespace weir {

struct WorkerOptions {
  int process = 0;                       ///< tells the data files of the processes of one job apart
  ExecutionOptions execution;
  int64_t inline_threshold = 20 * 1024;  ///< bytes; larger pieces of state go into the data file
  bool ignore_unclaimed_state = false;
  bool pin_shards = false;
  std::string checkpoint_directory;      ///< URI of the job's directory; empty: no checkpoints
};

/// Runs one process's part of a job: deploys attempts, passes on what the job master says to the shards, writes what their snapshots
/// hold, and answers. Thread: its own (an actor). The graph outlives it.
class Worker final : public Actor, private ShardListener {
 public:
  Worker(const JobGraph& graph, WorkerOptions options, Platform& platform);
  ~Worker() override;

  /// Before the first step. `to_master` is used by this actor only.
  void connect(std::unique_ptr<Connection> to_master) { to_master_ = std::move(to_master); }
  Endpoint endpoint();
  Mailbox<std::function<void()>>& mailbox() { return mailbox_; }

  MonotonicTime step() override;

 private:
  /// One attempt to run the job.
  struct Attempt {
    int64_t number = 0;
    std::shared_ptr<const StartingPoint> start;
    std::unique_ptr<JobExecution> execution;
    size_t restoring = 0;   ///< tasks not open yet
    size_t ended = 0;
    size_t finished = 0;
    bool cancelling = false;
    std::map<CheckpointId, std::vector<TaskSnapshot>> snapshots;  ///< of checkpoints that not all tasks have reached
    std::vector<int64_t> records;          ///< by shard
    std::vector<Timestamp> watermarks;
  };

  void on_message(const Message& message);
  void deploy(const DeployMessage& message);
  void open_task(Task& task);
  void on_task_open(int64_t attempt, const std::string& task, const Status& status);
  void cancel();
  void end_attempt_if_idle();
  void take_snapshot_part(int64_t attempt, TaskSnapshot snapshot);
  void write_snapshot(CheckpointId id, std::vector<TaskSnapshot> parts);
  void task_failed(int64_t attempt, std::string task, Status status);
  void task_reached_end(int64_t attempt, bool finished);
  /// Runs `action` on this actor's thread, if the attempt is still the same.
  void post_for_attempt(std::function<void()> action);
  template <class M>
  void send(M message) {
    to_master_->send(std::make_unique<M>(std::move(message)));
  }

  // Called by shards, on their threads.
  void on_snapshot(TaskSnapshot snapshot) override;
  void on_task_failure(std::string task, Status status) override;
  void on_task_ended() override;
  void on_task_finished() override;
  void on_progress(int shard, int64_t source_records, Timestamp watermark) override;

  const JobGraph& graph_;
  const WorkerOptions options_;
  Platform& platform_;
  Mailbox<std::function<void()>> mailbox_;
  std::vector<std::function<void()>> actions_;
  std::unique_ptr<Connection> to_master_;
  BlockingGate gate_;
  std::atomic<int64_t> running_attempt_{0};  ///< what shards stamp on their reports; changes only while none runs
  std::unique_ptr<Attempt> attempt_;
};

}  // namespace weir
