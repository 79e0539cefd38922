#pragma once

#include <deque>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "runtime/aborted_checkpoints.h"
#include "weir/config.h"

namespace weir {

/// What to do with a barrier that has arrived.
enum class BarrierAction : uint8_t {
  kDrop,      ///< ignore it: its checkpoint is lost or aborted
  kHold,      ///< wait for other channels; exactly-once mode blocks this channel meanwhile
  kSnapshot,  ///< all channels have delivered it: snapshot and pass it on now
};

/// Decides what one task does about barriers: about those that its input channels deliver, and
/// those that the coordinator requests from a source. Also decides which completed checkpoint is
/// the last that the task needs. Pure; InputGate and Task act on the answers. Thread: the shard's.
///
/// A task need not wait for the barriers of a checkpoint: the cut is consistent wherever the task
/// takes its snapshot, as long as it has processed nothing behind a barrier, and the elements that
/// still arrive before the barriers are part of the checkpoint (Chandy and Lamport, 1985). So the
/// task takes its snapshot as soon as overtake() was called, and then *records* the channels whose
/// barrier is missing, until it arrives. Elements in front of a missing barrier are *pulled* out of
/// the channel at once, so that the barrier does not wait for their processing.
///
/// Invariants: a checkpoint is answered with kSnapshot or by take_overtaking() at most once, and
/// the ids of those checkpoints only increase. In exactly-once mode at most one checkpoint is open,
/// at most one older one is recorded, and a channel is blocked only while one is open. Not here:
/// reading channels, writing state.
class BarrierTracker {
 public:
  /// `aligned_only`, by channel: its barriers are always waited for. Empty: no channel's.
  BarrierTracker(int channels, CheckpointingMode mode, std::vector<bool> aligned_only = {})
      : blocked_(channels, false),
        mode_(mode),
        aligned_only_(std::move(aligned_only)),
        missing_(channels, false) {}

  BarrierAction on_barrier(int channel, CheckpointId id);
  /// The coordinator aborted `id`. Its barriers are dropped from now on, and the channels that it
  /// blocked are released. Other checkpoints continue.
  void on_abort(CheckpointId id);

  /// `id` must not wait for barriers any longer. Exactly-once mode only.
  void overtake(CheckpointId id);
  /// The checkpoint whose snapshot is due although barriers are missing, or 0.
  CheckpointId overtaking() const;
  /// Takes the snapshot of overtaking(): from now on the checkpoint is recorded.
  void take_overtaking();
  /// The checkpoint that is being recorded; also when no barrier is missing any more, until
  /// end_recording() is called or it is aborted. 0: none.
  CheckpointId recording() const { return recording_; }
  /// True if the channel's barrier is missing in the recorded checkpoint.
  bool missing(int channel) const { return recording_ != 0 && missing_[channel]; }
  /// True if every barrier of the recorded checkpoint has arrived.
  bool recorded() const { return recording_ != 0 && missing_count_ == 0; }
  void end_recording() { recording_ = 0; }
  /// True if elements in front of the channel's barrier must be pulled out of it.
  bool pulls(int channel) const;
  /// True if barriers of the checkpoint are ignored, because it is lost, aborted or taken.
  bool drops(CheckpointId id) const { return id <= done_up_to_ || aborted_.contains(id); }
  /// The checkpoint whose barriers end that, or 0.
  CheckpointId pulled_for() const { return recording_ != 0 ? recording_ : overtake_; }

  /// Requests a barrier from a source. A source has only one channel, the coordinator.
  void on_trigger(CheckpointId id) { triggers_.push_back(id); }
  /// The newest request that was not taken yet, or 0.
  CheckpointId newest_trigger() const { return triggers_.empty() ? 0 : triggers_.back(); }
  /// The next request whose checkpoint is not aborted, or 0. Does not take it.
  CheckpointId next_trigger();
  /// Whether a request up to `id` was not taken yet.
  bool triggered_up_to(CheckpointId id) const {
    return !triggers_.empty() && triggers_.front() <= id;
  }
  /// The next request whose checkpoint is not aborted.
  std::optional<CheckpointId> take_trigger();

  /// The end of data has passed through the task.
  void on_end() { ended_ = true; }
  /// True if the completed checkpoint `id`, or one before it, contains the task's end.
  bool holds_end(CheckpointId id) const {
    return first_after_end_.has_value() && id >= *first_after_end_;
  }

  bool blocked(int channel) const { return blocked_[channel]; }
  /// The checkpoint that some but not all channels have delivered, or 0. Exactly-once mode only.
  CheckpointId open() const { return open_; }

 private:
  BarrierAction on_barrier_exactly_once(int channel, CheckpointId id);
  BarrierAction on_barrier_at_least_once(CheckpointId id);
  BarrierAction complete(CheckpointId id);
  /// Forgets `id` and older checkpoints. Their barriers are dropped from now on.
  void finish(CheckpointId id);

  std::vector<bool> blocked_;
  const CheckpointingMode mode_;
  const std::vector<bool> aligned_only_;
  CheckpointId overtake_ = 0;   ///< wanted by overtake(), not taken yet
  CheckpointId recording_ = 0;  ///< overtaken
  std::vector<bool> missing_;   ///< by channel: the barrier of recording_
  int missing_count_ = 0;
  CheckpointId open_ = 0;
  int arrived_ = 0;
  std::map<CheckpointId, int> arrivals_;  ///< at-least-once: barriers counted per open checkpoint
  AbortedCheckpoints aborted_;            ///< newer than done_up_to_
  CheckpointId done_up_to_ = 0;           ///< this and older ones are aligned, overtaken or aborted
  std::deque<CheckpointId> triggers_;     ///< sources: requested, not taken yet
  bool ended_ = false;
  std::optional<CheckpointId> first_after_end_;
};

}  // namespace weir
