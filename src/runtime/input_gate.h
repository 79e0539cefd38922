#pragma once

#include <memory>
#include <vector>

#include "runtime/barrier_tracker.h"
#include "runtime/channel.h"
#include "runtime/watermark_valve.h"

namespace weir {

/// All input channels of one task, as one. Thread: the shard's. Reads from them in turn, skips
/// those that a barrier blocks, and merges the control elements: a watermark is given when the
/// minimum of all channels advances, a barrier when all have delivered it, the end when all have
/// ended.
class InputGate {
 public:
  /// `inputs`, by channel: which input of the operator its records are for. Empty: the first.
  InputGate(std::vector<std::shared_ptr<ChannelReader>> channels, CheckpointingMode mode,
            std::vector<int> inputs = {});

  /// Gets the next element for the task, or returns false if there is none now. A batch must be
  /// returned with recycle().
  bool next(StreamElement* element);
  void recycle(std::unique_ptr<Batch> batch) { channels_[last_]->recycle(std::move(batch)); }
  BarrierTracker& barriers() { return barriers_; }

 private:
  /// Whether a barrier blocks the channel.
  bool is_blocked(size_t channel) const;
  /// True if `element`, which came on channel `last_`, is for the task.
  bool admit(StreamElement* element);

  std::vector<std::shared_ptr<ChannelReader>> channels_;
  const std::vector<int> inputs_;
  BarrierTracker barriers_;
  WatermarkValve valve_;
  int ended_ = 0;
  size_t last_;  ///< the channel of the last element
};

}  // namespace weir
