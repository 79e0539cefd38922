#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "graph/job_graph.h"
#include "platform/platform.h"
#include "runtime/shard.h"

namespace weir {

/// Counts blocking work under way, so that an attempt can be left behind only when none of it touches anything any more.
/// Thread: any.
class BlockingGate {
 public:
  /// `on_empty` is called, on whatever thread, each time the last work under way ends.
  explicit BlockingGate(std::function<void()> on_empty) : on_empty_(std::move(on_empty)) {}
  void enter() { under_way_.fetch_add(1); }
  void leave() {
    if (under_way_.fetch_sub(1) == 1) on_empty_();
  }
  bool empty() const { return under_way_.load() == 0; }

 private:
  const std::function<void()> on_empty_;
  std::atomic<int> under_way_{0};
};

struct ExecutionOptions {
  CheckpointingMode mode = CheckpointingMode::kExactlyOnce;
  size_t channel_capacity = 16;  ///< batches
  size_t batch_size = 512;       ///< records
  Shard::Options shard;
};

/// All shards of one process in one attempt to run the job: tasks, chains and the channels between them, wired as the graph says.
/// Thread: the worker's. Subtask i of a vertex is on shard i.
class JobExecution {
 public:
  JobExecution(const JobGraph& graph, ExecutionOptions options, Platform& platform, BlockingGate& gate, ShardListener& listener,
               CheckpointId restored_checkpoint);
  ~JobExecution();

  const std::vector<std::unique_ptr<Shard>>& shards() const { return shards_; }
  size_t task_count() const;
  /// When every task is open and restored: lets the shards run.
  void start(bool pin);
  bool started() const { return !handles_.empty(); }
  /// Lets every shard end its current step; nothing is stepped afterwards. The operators are closed when the execution is destroyed,
  /// which must wait until the gate is empty.
  void stop();
  void post_to_all(const Shard::Command& command);

 private:
  class Services;

  std::vector<std::unique_ptr<OutputPartition>> outputs_of(int vertex, int subtask);
  std::unique_ptr<InputGate> gate_of(int vertex, int subtask);
  void make_channels();

  const JobGraph& graph_;
  const ExecutionOptions options_;
  Platform& platform_;
  /// channels_[edge][from subtask][to subtask]; null where the partitioning has none
  std::vector<std::vector<std::vector<std::shared_ptr<Channel>>>> channels_;
  std::vector<std::unique_ptr<Services>> services_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::vector<std::unique_ptr<ActorHandle>> handles_;
};

}  // namespace weir
