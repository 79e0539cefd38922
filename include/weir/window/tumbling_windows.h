#pragma once

#include <algorithm>
#include <chrono>
#include <string>

#include "weir/detail/window/window_times.h"
#include "weir/window/time_window.h"
#include "weir/window/triggers.h"

namespace weir {

namespace detail {

/// Consecutive windows of one size. They start at multiples of the size, plus the offset.
class TumblingWindows {
 public:
  static constexpr bool kMerging = false;
  static constexpr bool kHasPanes = false;

  TumblingWindows(std::chrono::milliseconds size, std::chrono::milliseconds offset)
      : size_(size.count()), offset_(size_ > 0 ? floor_mod(offset.count(), size_) : 0) {}

  /// Returns the window of any timestamp except kNoTimestamp. The first and the last window are cut
  /// at the limits of Timestamp. No window can end after the maximum timestamp, so that timestamp
  /// belongs to the window of the one before it.
  TimeWindow window_of(Timestamp timestamp) const {
    timestamp = std::min(timestamp, kMaxWatermark - 1);
    const Timestamp into = floor_mod(floor_mod(timestamp, size_) - offset_, size_);
    return {std::max(saturating_sub(timestamp, into), kNoTimestamp + 1),
            saturating_add(timestamp, size_ - into)};
  }
  template <class T, class F>
  void assign(const T&, Timestamp time, F&& window) const {
    window(window_of(time));
  }

 protected:
  std::string problem(const char* call) const {
    return too_short("a tumbling window", call, size_);
  }

 private:
  Timestamp size_;
  Timestamp offset_;  // 0 to size_ - 1
};

}  // namespace detail

/// Consecutive windows of one size, by the records' timestamps (ms since 1970). They start at
/// multiples of the size, plus the offset.
class TumblingEventTimeWindows : public detail::TumblingWindows {
 public:
  static constexpr bool kEventTime = true;
  static constexpr bool kDisjoint = true;
  using DefaultTrigger = EventTimeTrigger;

  /// execute() reports a size that is not positive.
  static TumblingEventTimeWindows of(
      std::chrono::milliseconds size,
      std::chrono::milliseconds offset = std::chrono::milliseconds(0)) {
    return TumblingEventTimeWindows(size, offset);
  }
  std::string setup_problem() const { return problem("TumblingEventTimeWindows::of"); }

 private:
  using TumblingWindows::TumblingWindows;
};

/// The same by the wall clock at which a record arrives.
class TumblingProcessingTimeWindows : public detail::TumblingWindows {
 public:
  static constexpr bool kEventTime = false;
  static constexpr bool kDisjoint = false;
  using DefaultTrigger = ProcessingTimeTrigger;

  /// execute() reports a size that is not positive.
  static TumblingProcessingTimeWindows of(
      std::chrono::milliseconds size,
      std::chrono::milliseconds offset = std::chrono::milliseconds(0)) {
    return TumblingProcessingTimeWindows(size, offset);
  }
  std::string setup_problem() const { return problem("TumblingProcessingTimeWindows::of"); }

 private:
  using TumblingWindows::TumblingWindows;
};

}  // namespace weir
