#pragma once

#include <map>
#include <vector>

#include "base/ids.h"
#include "runtime/aborted_checkpoints.h"
#include "weir/config.h"

namespace weir {

/// Tells when every input channel of one task has delivered barrier N.
/// Pure; the caller (InputGate) acts on the answers. Thread: the shard's.
/// Invariants: a barrier is answered with `aligned` at most once; ids of aligned barriers only go
/// up; in exactly-once mode at most one checkpoint is open, and a channel is blocked only while one
/// is. Not here: reading channels, writing state.
class BarrierAligner {
 public:
  BarrierAligner(int channels, CheckpointingMode mode) : blocked_(channels, false), mode_(mode) {}

  /// Barrier `id` came on `channel`. True: it is complete; the task snapshots and passes it on now.
  bool on_barrier(int channel, CheckpointId id);
  /// The coordinator gave up `id`: a barrier of it that is open or still to come is dropped, and
  /// what it blocked is released. Other checkpoints go on.
  void on_abort(CheckpointId id);

  bool blocked(int channel) const { return blocked_[channel]; }
  /// The checkpoint that some but not all channels have delivered, or 0 (exactly-once mode).
  CheckpointId open() const { return open_; }

 private:
  bool on_barrier_exactly_once(int channel, CheckpointId id);
  bool on_barrier_at_least_once(CheckpointId id);
  /// The open one will never be complete.
  void give_up_open();
  void finish(CheckpointId id);

  std::vector<bool> blocked_;
  const CheckpointingMode mode_;
  CheckpointId open_ = 0;
  int arrived_ = 0;
  std::map<CheckpointId, int> arrivals_;  ///< at-least-once: barriers counted per open checkpoint
  AbortedCheckpoints aborted_;            ///< newer than done_up_to_
  CheckpointId done_up_to_ = 0;           ///< this and older ones are aligned, overtaken or aborted
};

}  // namespace weir
