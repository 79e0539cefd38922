#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "platform/scheduler.h"
#include "runtime/chain_walk.h"
#include "runtime/input_gate.h"
#include "runtime/operator_chain.h"
#include "runtime/output_partition.h"
#include "runtime/task_snapshot.h"

namespace weir {

/// One subtask of one vertex: an input gate or a source, a chain, and the outgoing edges. Runs in
/// small steps. Thread: its shard's (open() and what restores it: the I/O pool's, before the first
/// step).
///
/// States: running → ended (end of data came and was passed on; barriers still pass, for others may
/// not have ended); from both → failed. An ended task is finished when a checkpoint taken after its
/// end is complete and its side effects are done.
///
/// A step whose user code emits more than there is room for is suspended. Until it has gone on to
/// its end, no other code of its operators runs.
class Task final : private Output, private ChainWalk::Exit {
 public:
  /// What the task tells the shard. Set once, before the first step.
  struct Listener {
    std::function<void(TaskSnapshot)> on_snapshot;
    std::function<void(Status)> on_failure;  ///< at most once
    std::function<void()> on_ended;
    std::function<void()> on_finished;
  };

  /// `fibers`: the shard's. They outlive it.
  Task(const JobVertex& vertex, int vertex_index, SubtaskPlace place, TaskServices& services,
       FiberPool& fibers, std::unique_ptr<InputGate> gate /* null for sources */,
       std::vector<std::unique_ptr<OutputPartition>> outputs);
  ~Task() override;

  void set_listener(Listener listener) { listener_ = std::move(listener); }
  OperatorChain& chain() { return chain_; }
  int vertex_index() const { return vertex_index_; }
  int subtask() const { return place_.subtask; }
  bool is_source() const { return vertex_.is_source; }
  bool is_last() const { return outputs_.empty(); }
  /// "map -> sink (1/2)"
  std::string name() const;

  /// Does one thing: one batch, one watermark, one barrier, one round of timers. Timers that are
  /// due and the input take turns, so that neither can keep the other waiting. Answers as
  /// Actor::step does.
  MonotonicTime step(MonotonicTime now);
  void flush_outputs();

  /// For sources: the barrier is emitted before the next record.
  void trigger_checkpoint(CheckpointId id);
  void checkpoint_completed(CheckpointId id);
  void checkpoint_aborted(CheckpointId id);
  /// The job takes no checkpoints, and all tasks have ended.
  void commit_without_checkpoint();
  /// Runs a continuation of blocking work; what it throws fails the task.
  void run_continuation(const std::function<void()>& continuation);
  void fail(Status status);
  /// After the last step.
  void close();

  int64_t source_records() const;
  int64_t late_records() const { return chain_.late_records(); }
  Timestamp watermark() const { return walk_.watermark(); }

 private:
  enum class State { kRunning, kEnded, kFailed };

  void emit(Batch& batch) override;
  void on_passed(StreamElement::Kind kind, int64_t value) override;
  /// There is room for what a step emits. If not, when it may have come is in `wake_`.
  bool has_room(MonotonicTime now);
  MonotonicTime step_guarded(MonotonicTime now);
  MonotonicTime step_source(MonotonicTime now);
  MonotonicTime step_gate();
  void on_barrier_passed(CheckpointId id);
  BarrierTracker& barriers() { return gate_ ? gate_->barriers() : source_barriers_; }
  void check_finished();
  bool pump();
  void broadcast(StreamElement::Kind kind, int64_t value);
  template <class Call>
  void guarded(Call call);
  /// At once, or after the step that is suspended.
  template <class Call>
  void between_steps(Call call);
  void end_suspended_step();
  void abandon_step();

  const JobVertex& vertex_;
  const int vertex_index_;
  const SubtaskPlace place_;
  TaskServices& services_;
  std::unique_ptr<InputGate> gate_;
  std::vector<std::unique_ptr<OutputPartition>> outputs_;
  SuspendableCall call_;
  OperatorChain chain_;
  ChainWalk walk_{chain_, *this};
  BarrierTracker source_barriers_{1, CheckpointingMode::kExactlyOnce};
  Listener listener_;

  State state_ = State::kRunning;
  bool timers_were_last_ =
      false;  ///< the last step fired timers of processing time: it is the input's turn
  bool final_checkpoint_done_ = false;
  bool finished_ = false;
  bool closed_ = false;
  MonotonicTime now_{0};               ///< of the step
  MonotonicTime wake_ = Actor::kIdle;  ///< what the step answers
  std::vector<std::function<void()>>
      between_steps_;  ///< what waits for the end of the suspended step
};

}  // namespace weir
