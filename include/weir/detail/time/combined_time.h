#pragma once

#include <algorithm>

#include "weir/time/timestamp.h"

namespace weir::detail {

/// The event time of a channel, an input or a split, as a part of something larger.
struct TimePart {
  EventTime time;
  Timestamp last = kMinWatermark;  ///< the last watermark that was not the final kMaxWatermark

  /// The watermark must not go back.
  void advance(Timestamp watermark) {
    time.watermark = watermark;
    if (watermark != kMaxWatermark) last = watermark;
  }
};

/// The event time of something that waits for several parts: an operator for its inputs, an input
/// for its channels, a source for its splits. Add each part, then call after().
///   - The watermark is the minimum of the active parts.
///   - A part with kMaxWatermark has ended and no longer counts. The whole ends with the last part.
///   - If all parts that have not ended are idle, so is the whole. Nobody advances its watermark
///   any
///     more, so it becomes the maximum of all parts (of ended ones, the last before the end),
///     whatever the order in which they became idle.
class CombinedTime {
 public:
  /// `caught_up`: false if the part was idle and its watermark is still behind the whole's. It then
  /// does not hold the others back, although it is active.
  void add(const TimePart& part, bool caught_up = true) {
    greatest_ = std::max(greatest_, part.last);
    if (part.time.watermark == kMaxWatermark) return;
    ended_ = false;
    if (part.time.idle) return;
    idle_ = false;
    if (caught_up) least_ = std::min(least_, part.time.watermark);
  }
  /// `before`: the result of the last call, which the watermark never falls behind.
  EventTime after(const EventTime& before) const {
    if (ended_) return {kMaxWatermark, false};
    if (idle_) return {std::max(before.watermark, greatest_), true};
    if (least_ == kMaxWatermark) return {before.watermark, false};
    return {std::max(before.watermark, least_), false};
  }

 private:
  bool ended_ = true;
  bool idle_ = true;
  Timestamp greatest_ = kMinWatermark;
  Timestamp least_ = kMaxWatermark;
};

}  // namespace weir::detail
