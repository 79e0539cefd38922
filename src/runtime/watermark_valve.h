#pragma once

#include <optional>
#include <vector>

#include "weir/operator/batch.h"

namespace weir {

/// The watermark of a task: the minimum of its input channels' watermarks. Pure. Thread: the
/// shard's. Invariant: the returned watermarks only increase.
class WatermarkValve {
 public:
  explicit WatermarkValve(int channels) : by_channel_(channels, kMinWatermark) {}

  /// Returns the task's new watermark if this channel's makes it advance. Ignores a watermark that
  /// goes back.
  std::optional<Timestamp> on_watermark(int channel, Timestamp watermark);
  Timestamp current() const { return current_; }

 private:
  std::vector<Timestamp> by_channel_;
  Timestamp current_ = kMinWatermark;
};

}  // namespace weir
