#pragma once

#include <chrono>
#include <stdexcept>

#include "weir/time_window.h"

namespace weir {

/// Windows of one size that follow one another, by the records' timestamps. With an offset they start that much later than at
/// multiples of their size since 1970.
class TumblingEventTimeWindows {
 public:
  /// Throws std::invalid_argument if the size is not positive.
  static TumblingEventTimeWindows of(std::chrono::milliseconds size,
                                     std::chrono::milliseconds offset = std::chrono::milliseconds(0)) {
    if (size.count() <= 0) throw std::invalid_argument("a tumbling window must be at least 1 ms long");
    return TumblingEventTimeWindows(size.count(), offset.count());
  }

  TimeWindow window_of(Timestamp timestamp) const {
    // The remainder of a division that rounds down, also before 1970.
    Timestamp into = (timestamp - offset_) % size_;
    if (into < 0) into += size_;
    const Timestamp start = timestamp - into;
    return {start, start + size_};
  }

 private:
  TumblingEventTimeWindows(Timestamp size, Timestamp offset) : size_(size), offset_(offset % size) {}
  Timestamp size_;
  Timestamp offset_;
};

}  // namespace weir
