#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "graph/execution_graph.h"
#include "graph/job_graph.h"
#include "platform/platform.h"
#include "runtime/exchange.h"
#include "runtime/shard.h"

namespace weir {

/// Counts the blocking work in progress. An attempt may be destroyed only when none of it touches
/// anything any more. Thread: any.
class BlockingGate {
 public:
  /// `on_empty` is called, on any thread, each time the last work in progress ends. It must not
  /// call the gate; it posts to a mailbox.
  explicit BlockingGate(std::function<void()> on_empty) : on_empty_(std::move(on_empty)) {}
  void enter() {
    std::lock_guard lock(mutex_);
    ++under_way_;
  }
  void leave() {
    std::lock_guard lock(mutex_);
    if (--under_way_ == 0) on_empty_();
  }
  /// True only after `on_empty` has returned, too: then the gate, and everything that on_empty
  /// uses, may be destroyed.
  bool empty() const {
    std::lock_guard lock(mutex_);
    return under_way_ == 0;
  }

 private:
  const std::function<void()> on_empty_;
  mutable std::mutex mutex_;
  int under_way_ = 0;
};

struct ExecutionOptions {
  CheckpointingMode mode = CheckpointingMode::kExactlyOnce;
  size_t channel_capacity = 16;  ///< batches
  size_t batch_size = 512;       ///< records
  size_t batch_bytes = 256 * 1024;
  double copy_reserve = 0;  ///< OperatorContext::copy_reserve()
  size_t max_record_bytes = kDefaultMaxRecordBytes;
  bool tracks_changes = false;  ///< OperatorContext::tracks_changes()
  /// Barriers of a checkpoint may overtake when it lasts longer than this; nothing: never. Then the
  /// graph has passed check_can_overtake(), and the mode is exactly-once.
  std::optional<MonotonicTime> overtake_after = {};
  /// A batch that is not full leaves after this time; negative: not because of the time.
  std::chrono::nanoseconds buffer_timeout = std::chrono::milliseconds(100);
  Shard::Options shard;
};

/// All shards of one process in one attempt to run the job: tasks, chains, and the channels between
/// them and to other processes, wired as in the graph. Subtask i of a vertex is on shard i. Thread:
/// the worker's.
class JobExecution {
 public:
  /// `placement` has passed check_placement(). `server`: where other workers reach this process;
  /// null if there are none. All references outlive the execution.
  JobExecution(const JobGraph& graph, ExecutionOptions options, Platform& platform,
               BlockingGate& gate, ShardListener& listener, CheckpointId restored_checkpoint,
               AttemptId attempt = 0, Placement placement = {}, DataServer* server = nullptr,
               RunIdentity run = {});
  ~JobExecution();

  /// The shards of this process, in the order of their indices.
  const std::vector<std::unique_ptr<Shard>>& shards() const { return shards_; }
  size_t task_count() const;

  /// Connects to the other workers. `on_connected` is called once, on any thread, possibly within
  /// connect(): with OK when records can flow, or with the reason why they can't. `on_broken` is
  /// called at most once, on any thread, after on_connected got OK and before stop(): with the
  /// reason why the attempt cannot continue. Neither may destroy the execution; they post to a
  /// mailbox.
  void connect(std::function<void(Status)> on_connected, std::function<void(Status)> on_broken);
  /// Lets the shards run. Call it when every task is open and restored, and on_connected got OK.
  void start(bool pin);
  bool started() const { return !handles_.empty(); }
  /// Lets every shard end its current step. Afterwards nothing is stepped and no break is reported.
  /// The operators are closed when the execution is destroyed, which must wait until the gate is
  /// empty.
  void stop();
  void post_to_all(const Shard::Command& command);
  /// No effect if the shard is not in this process.
  void post_to(int shard, Shard::Command command);

 private:
  class Services;

  std::vector<Task::OutgoingEdge> outputs_of(int vertex, int subtask);
  std::unique_ptr<InputGate> gate_of(int vertex, int subtask);
  void make_channels();
  /// Makes those ends of the channel that are in this process.
  void make_channel(uint32_t id, const ExecutionChannel& channel);

  const JobGraph& graph_;
  const ExecutionOptions options_;
  Platform& platform_;
  const Placement placement_;
  Exchange exchange_;
  // used only during construction
  std::map<std::pair<int, int>, std::vector<std::shared_ptr<ChannelWriter>>>
      writers_;  ///< by edge and producing subtask
  struct Readers {
    std::vector<std::shared_ptr<ChannelReader>> ends;
    std::vector<int> inputs;  ///< by end: which input of the operator its records are for
    std::vector<ChannelOrigin> origins;  ///< by end
  };
  std::map<std::pair<int, int>, Readers> readers_;  ///< by consuming vertex and subtask
  std::vector<Shard*> shard_at_;                    ///< by index; null: on another worker
  std::vector<std::unique_ptr<Services>> services_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::vector<std::unique_ptr<ActorHandle>> handles_;
};

}  // namespace weir
