#pragma once

#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "base/ids.h"
#include "runtime/aborted_checkpoints.h"
#include "weir/config.h"

namespace weir {

/// The answer to a barrier that has come.
enum class BarrierAction : uint8_t {
  kDrop,      ///< its checkpoint is lost or aborted: the barrier means nothing
  kHold,      ///< other channels have not delivered it. Exactly-once: its own is blocked meanwhile
  kSnapshot,  ///< it is complete: the task snapshots and passes it on now
};

/// Decides what one task does about barriers: those that its input channels deliver, those that a
/// source is asked for, and which completed checkpoint is the last that the task needs.
/// Pure; InputGate and Task act on the answers. Thread: the shard's.
/// Invariants: a checkpoint is answered with kSnapshot at most once, and the ids of those only go
/// up; in exactly-once mode at most one checkpoint is open, and a channel is blocked only while one
/// is. Not here: reading channels, writing state.
class BarrierTracker {
 public:
  BarrierTracker(int channels, CheckpointingMode mode) : blocked_(channels, false), mode_(mode) {}

  BarrierAction on_barrier(int channel, CheckpointId id);
  /// The coordinator gave up `id`: a barrier of it that is open or still to come is dropped, and
  /// what it blocked is released. Other checkpoints go on.
  void on_abort(CheckpointId id);

  /// A source, which has the coordinator for its only channel, is asked for a barrier.
  void on_trigger(CheckpointId id) { triggers_.push_back(id); }
  /// The next of these that is still wanted.
  std::optional<CheckpointId> take_trigger();

  /// The end of data has passed the task.
  void on_end() { ended_ = true; }
  /// True: checkpoint `id`, which is complete, or one before it holds the task's end.
  bool holds_end(CheckpointId id) const {
    return first_after_end_.has_value() && id >= *first_after_end_;
  }

  bool blocked(int channel) const { return blocked_[channel]; }
  /// The checkpoint that some but not all channels have delivered, or 0 (exactly-once mode).
  CheckpointId open() const { return open_; }

 private:
  BarrierAction on_barrier_exactly_once(int channel, CheckpointId id);
  BarrierAction on_barrier_at_least_once(CheckpointId id);
  BarrierAction complete(CheckpointId id);
  /// Nothing that concerns `id` or older ones counts any more.
  void finish(CheckpointId id);

  std::vector<bool> blocked_;
  const CheckpointingMode mode_;
  CheckpointId open_ = 0;
  int arrived_ = 0;
  std::map<CheckpointId, int> arrivals_;  ///< at-least-once: barriers counted per open checkpoint
  AbortedCheckpoints aborted_;            ///< newer than done_up_to_
  CheckpointId done_up_to_ = 0;           ///< this and older ones are aligned, overtaken or aborted
  std::deque<CheckpointId> triggers_;     ///< sources: asked for, not taken
  bool ended_ = false;
  std::optional<CheckpointId> first_after_end_;
};

}  // namespace weir
