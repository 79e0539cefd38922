#pragma once

#include <optional>
#include <vector>

#include "weir/detail/batch.h"

namespace weir {

/// The watermark of a task: the least of its input channels' watermarks. Pure. Thread: the shard's.
/// Invariant: what it gives only goes up.
class WatermarkValve {
 public:
  explicit WatermarkValve(int channels) : by_channel_(channels, kMinWatermark) {}

  /// The task's new watermark, if this channel's makes it advance. A watermark that goes back is
  /// ignored.
  std::optional<Timestamp> on_watermark(int channel, Timestamp watermark);
  Timestamp current() const { return current_; }

 private:
  std::vector<Timestamp> by_channel_;
  Timestamp current_ = kMinWatermark;
};

}  // namespace weir
