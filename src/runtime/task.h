#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "checkpoint/protocol/stop_mode.h"
#include "platform/scheduler.h"
#include "runtime/chain_walk.h"
#include "runtime/input_gate.h"
#include "runtime/operator_chain.h"
#include "runtime/output_partition.h"
#include "runtime/split_inbox.h"
#include "runtime/task_metrics.h"
#include "runtime/task_snapshot.h"

namespace weir {

/// One subtask of one vertex: an input gate or a source, a chain, and the outgoing edges. Runs in
/// small steps. Thread: its shard's; open() and the restore run on the I/O pool, before the first
/// step.
///
/// States: running → ended, when the end of data arrived and was passed on. Barriers still pass,
/// because other tasks may not have ended. Both → failed. An ended task is finished when a
/// checkpoint taken after its end is complete and the side effects of that are done.
/// Running → stopped, when a barrier that is to end the job was passed on. A stopped source reads
/// nothing, and no timer fires. Stopped → running if that checkpoint does not end the job;
/// otherwise a stopped task is finished like an ended one.
///
/// A step whose user code emits more than there is room for is suspended. Until it has ended, no
/// other code of its operators runs.
class Task final : private ChainWalk::Exit {
 public:
  /// An outgoing edge, for `output` of operator `op` of the chain as in ChainExit.
  struct OutgoingEdge {
    std::unique_ptr<OutputPartition> partition;
    size_t op = 0;
    int output = 0;
  };
  /// The events that a task reports to its shard. Set once, before the first step.
  struct Listener {
    std::function<void(TaskSnapshot)> on_snapshot;
    std::function<void(Status)> on_failure;  ///< at most once
    std::function<void()> on_ended;
    std::function<void()> on_finished;
    std::function<void()> on_split_wanted = {};
    std::function<void(Timestamp)> on_watermark_to_align = {};
  };

  /// `fibers` are the shard's, and outlive the task.
  Task(const JobVertex& vertex, int vertex_index, SubtaskPlace place, TaskServices& services,
       FiberPool& fibers, std::unique_ptr<InputGate> gate /* null for sources */,
       std::vector<OutgoingEdge> outputs);
  ~Task() override;

  void set_listener(Listener listener) { listener_ = std::move(listener); }
  OperatorChain& chain() { return chain_; }
  const OperatorChain& chain() const { return chain_; }
  int vertex_index() const { return vertex_index_; }
  int subtask() const { return place_.subtask; }
  bool is_source() const { return vertex_.is_source; }
  bool is_last() const { return outputs_.empty(); }
  /// "map -> sink (1/2)"
  std::string name() const;

  /// Does one thing: one batch, one watermark, one barrier, or one round of timers. Due timers and
  /// the input take turns, so that neither can starve the other. Returns what Actor::step returns.
  MonotonicTime step(MonotonicTime now);
  /// Sends all batches that are not full yet.
  void flush_outputs();
  /// Sends those that have waited for their buffer timeout. Returns when to call it again.
  MonotonicTime flush_due_outputs(MonotonicTime now);

  /// Sources only: splits will be assigned while it runs, so it does not end when it has read those
  /// that it has. Call it before the first step.
  void expect_splits() { splits_.expect(); }
  /// The reader gets the splits after the barriers that were triggered before this call. Without
  /// `more_follow` these are the last.
  void assign_splits(std::vector<std::string> splits, bool more_follow);
  /// Sources with watermark alignment only: reads nothing above this.
  void align_watermark(Timestamp max_allowed);
  /// A source emits the barrier before the next record. Other tasks only learn whether the barrier
  /// is to end the job; it may have passed already. From `overtake_at` on, the barrier neither
  /// waits for those of other channels nor for room in the outputs.
  void trigger_checkpoint(CheckpointId id, StopMode stop = StopMode::kNone,
                          MonotonicTime overtake_at = Actor::kIdle);
  /// Processes these elements before any other. Call it before the first step.
  void replay(RestoredInFlight in_flight);
  /// Stopped from the beginning. Call it before the first step.
  void start_stopped() { enter_stopped(); }
  void checkpoint_completed(CheckpointId id, bool ends_job = false);
  void checkpoint_aborted(CheckpointId id);
  /// Call it when the job takes no checkpoints, and all tasks have ended.
  void commit_without_checkpoint();
  /// Runs a continuation of blocking work; an exception fails the task.
  void run_continuation(const std::function<void()>& continuation);
  void fail(Status status);
  /// Call it after the last step.
  void close();

  int64_t source_records() const;
  int64_t late_records() const { return chain_.late_records(); }
  Timestamp watermark() const { return walk_.time().watermark; }
  /// Thread: any.
  const TaskMetrics& metrics() const { return metrics_; }
  /// The fill of the input; a source has none. Thread: any.
  QueueFill queued() const { return gate_ ? gate_->fill() : QueueFill{}; }
  /// Call it after each step that returned `next`, with the time of its begin and of its end: the
  /// same for a step that did nothing.
  void spent(MonotonicTime next, MonotonicTime begin, MonotonicTime end);

 private:
  enum class State { kRunning, kStopped, kEnded, kFailed };

  /// Where an operator's records leave the task.
  class Edge final : public Output {
   public:
    Edge(Task& task, OutgoingEdge edge) : task_(task), edge_(std::move(edge)) {}
    void emit(Batch& batch) override;
    /// The partition, before its serializer and key selector run.
    OutputPartition& enter();
    OutputPartition& partition() { return *edge_.partition; }
    ChainExit exit() { return {edge_.op, edge_.output, this}; }

   private:
    Task& task_;
    const OutgoingEdge edge_;
  };

  static std::vector<ChainExit> exits_of(const std::vector<std::unique_ptr<Edge>>& edges);
  std::vector<std::unique_ptr<Edge>> make_edges(std::vector<OutgoingEdge> outputs);
  void on_passed(StreamElement::Kind kind, int64_t value) override;
  /// True if there is room for the output of a step. Otherwise sets `wake_` to the time when there
  /// may be room, if known.
  bool has_room(MonotonicTime now);
  void note_room(bool room, MonotonicTime now);
  MonotonicTime step_guarded(MonotonicTime now);
  MonotonicTime step_source(MonotonicTime now);
  void take_assigned_splits();
  /// Reports the watermark to align, if it is due. Returns when to call it again.
  MonotonicTime report_to_align(MonotonicTime now);
  MonotonicTime step_gate();
  void on_barrier_passed(CheckpointId id);
  void note_alignment();
  bool gate_pulls() { return gate_ != nullptr && gate_->barriers().pulled_for() != 0; }
  /// Tends a barrier that overtakes, although there may be no room for a step.
  void tend_overtaking(MonotonicTime now);
  /// `wake_`, or the time when a barrier will overtake.
  MonotonicTime wake_to_overtake(MonotonicTime now) const {
    return overtaking_ != 0 && now < overtake_at_ ? std::min(wake_, overtake_at_) : wake_;
  }
  /// True if a step is due that only passes such a barrier.
  bool passes_barrier_without_room(MonotonicTime now);
  MonotonicTime pass_barrier_without_room();
  void report_recorded();
  void replay_inner();
  void enter_stopped();
  void revoke_stop();
  BarrierTracker& barriers() { return gate_ ? gate_->barriers() : source_barriers_; }
  void check_finished();
  bool pump();
  void broadcast(StreamElement::Kind kind, int64_t value);
  template <class Call>
  void guarded(Call call);
  /// Runs `call` at once, or after the suspended step if there is one.
  template <class Call>
  void between_steps(Call call);
  void end_suspended_step();
  void abandon_step();

  TaskMetrics metrics_;
  MonotonicTime active_time_{0};  ///< the steps' clock without time out of room, for the operators
  const JobVertex& vertex_;
  const int vertex_index_;
  const SubtaskPlace place_;
  TaskServices& services_;
  std::unique_ptr<InputGate> gate_;
  const std::vector<std::unique_ptr<Edge>> outputs_;
  SuspendableCall call_;
  OperatorChain chain_;
  ChainWalk walk_{chain_, *this};
  BarrierTracker source_barriers_{1, CheckpointingMode::kExactlyOnce};
  SplitInbox splits_;
  std::optional<Timestamp> aligned_by_;  ///< the last watermark that was reported to align by
  MonotonicTime align_again_{0};         ///< when to report the next one
  Listener listener_;

  State state_ = State::kRunning;
  bool timers_were_last_ =
      false;                  ///< the last step fired processing-time timers, so the input is next
  CheckpointId stop_at_ = 0;  ///< the checkpoint that is to end the job, or 0
  bool drains_ = false;       ///< before its barrier, sources end event time
  CheckpointId last_barrier_ = 0;             ///< the last one that passed
  CheckpointId overtaking_ = 0;               ///< the checkpoint whose barrier will overtake, or 0
  MonotonicTime overtake_at_ = Actor::kIdle;  ///< when
  bool needs_no_room_ = false;  ///< the step in progress passes a barrier that overtakes
  /// A snapshot that lacks what its barrier has overtaken.
  std::optional<TaskSnapshot> unrecorded_;
  /// Restored records for operators behind the first one.
  std::deque<std::pair<size_t, std::unique_ptr<Batch>>> inner_replay_;
  CheckpointId aligning_ = 0;  ///< the last one that arrived on one of several channels
  MonotonicTime aligning_since_{0};
  bool final_checkpoint_done_ = false;
  bool finished_ = false;
  bool closed_ = false;
  bool out_of_room_ = false;  ///< the last step did nothing, because of that
  MonotonicTime out_of_room_since_{0};
  MonotonicTime out_of_room_in_all_{0};
  MonotonicTime now_{0};               ///< of the step
  MonotonicTime wake_ = Actor::kIdle;  ///< the value that the step returns
  std::vector<std::function<void()>>
      between_steps_;  ///< calls that wait for the end of the suspended step
};

}  // namespace weir
