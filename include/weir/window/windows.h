#pragma once

#include <algorithm>
#include <chrono>
#include <string>

#include "weir/window/time_window.h"

namespace weir {

/// Windows of one size that follow one another, by the records' timestamps. With an offset they
/// start that much later than at multiples of their size since 1970.
class TumblingEventTimeWindows {
 public:
  /// A size that is not positive is reported by execute().
  static TumblingEventTimeWindows of(
      std::chrono::milliseconds size,
      std::chrono::milliseconds offset = std::chrono::milliseconds(0)) {
    return TumblingEventTimeWindows(size.count(), offset.count());
  }

  /// Of any timestamp but kNoTimestamp. The first and the last window of all time are cut short
  /// where the range of timestamps ends. No end can lie behind the greatest timestamp, so that one
  /// belongs to the window of the timestamp before it.
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

  /// The remainder of a division that rounds down, also before 1970: from 0 to size - 1.
  static Timestamp floor_mod(Timestamp value, Timestamp size) {
    const Timestamp rest = value % size;
    return rest < 0 ? rest + size : rest;
  }

  Timestamp size_;
  Timestamp offset_;  // from 0 to size_ - 1
};

}  // namespace weir
