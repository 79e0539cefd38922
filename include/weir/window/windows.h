#pragma once

#include <algorithm>
#include <chrono>
#include <string>

#include "weir/window/time_window.h"

namespace weir {

/// Consecutive windows of one size, by the records' timestamps (ms since 1970). They start at
/// multiples of the size, plus the offset.
class TumblingEventTimeWindows {
 public:
  /// execute() reports a size that is not positive.
  static TumblingEventTimeWindows of(
      std::chrono::milliseconds size,
      std::chrono::milliseconds offset = std::chrono::milliseconds(0)) {
    return TumblingEventTimeWindows(size.count(), offset.count());
  }

  /// Returns the window of any timestamp except kNoTimestamp. The first and the last window are cut
  /// at the limits of Timestamp. No window can end after the maximum timestamp, so that timestamp
  /// belongs to the window of the one before it.
  TimeWindow window_of(Timestamp timestamp) const {
    timestamp = std::min(timestamp, kMaxWatermark - 1);
    const Timestamp into = floor_mod(floor_mod(timestamp, size_) - offset_, size_);
    return {std::max(detail::saturating_sub(timestamp, into), kNoTimestamp + 1),
            detail::saturating_add(timestamp, size_ - into)};
  }

  std::string setup_problem() const {
    return size_ > 0 ? ""
                     : "a tumbling window must be at least 1 ms long, and "
                       "TumblingEventTimeWindows::of() is given " +
                           std::to_string(size_) + " ms";
  }

 private:
  TumblingEventTimeWindows(Timestamp size, Timestamp offset)
      : size_(size), offset_(size > 0 ? floor_mod(offset, size) : 0) {}

  /// The remainder of a division that rounds down: 0 to size - 1, also before 1970.
  static Timestamp floor_mod(Timestamp value, Timestamp size) {
    const Timestamp rest = value % size;
    return rest < 0 ? rest + size : rest;
  }

  Timestamp size_;
  Timestamp offset_;  // 0 to size_ - 1
};

}  // namespace weir
