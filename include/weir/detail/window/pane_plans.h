#pragma once

// Windows that share panes. A pane is the longest piece of time that every window includes or
// excludes as a whole, so a record is stored once, in its pane, whatever the number of its windows.
//
// Panes and windows have consecutive numbers, because the time of a first or last window may be
// outside the range of timestamps. A plan answers these questions about them:
//   pane_of(t)            the pane of a timestamp, with its limits
//   first_pane(w)         and last_pane(w): the panes of a window
//   first_window(p)       and last_window(p): the windows of a pane; none if first > last
//   closed_by(watermark)  the last window that this watermark fires
//   window(w)             the times of a window, cut at the limits of Timestamp
// Windows fire in the order of their numbers.

#include <algorithm>
#include <cstdint>
#include <numeric>

#include "weir/window/time_window.h"

namespace weir::detail {

__extension__ using WideTime = __int128;

inline Timestamp clamp_time(WideTime time) {
  return static_cast<Timestamp>(std::clamp<WideTime>(time, kNoTimestamp + 1, kMaxWatermark));
}
inline int64_t clamp_number(WideTime number) {
  return static_cast<int64_t>(std::clamp<WideTime>(number, INT64_MIN, INT64_MAX));
}
inline WideTime floor_div(WideTime value, int64_t divisor) {
  const WideTime quotient = value / divisor;
  return value % divisor < 0 ? quotient - 1 : quotient;
}

/// A pane's number and its limits.
struct Pane {
  int64_t number = 0;
  TimeWindow times;  ///< contains no timestamp at first
  bool contains(Timestamp t) const { return times.contains(t); }
};

inline Pane pane_at(Timestamp timestamp, Timestamp length, Timestamp offset) {
  // No window can end after the maximum timestamp.
  timestamp = std::min(timestamp, kMaxWatermark - 1);
  const WideTime number = floor_div(WideTime{timestamp} - offset, length);
  const WideTime start = number * length + offset;
  return {clamp_number(number), {clamp_time(start), clamp_time(start + length)}};
}

/// Windows of one size. One starts in each slide. `size`, `slide`: positive; `offset`: 0 to slide
/// - 1.
class SlidingPlan {
 public:
  SlidingPlan(Timestamp size, Timestamp slide, Timestamp offset)
      : size_(size),
        slide_(slide),
        offset_(offset),
        pane_(std::gcd(size, slide)),
        panes_(size / pane_),
        step_(slide / pane_) {}

  Pane pane_of(Timestamp timestamp) const { return pane_at(timestamp, pane_, offset_); }
  int64_t first_pane(int64_t window) const { return clamp_number(WideTime{window} * step_); }
  int64_t last_pane(int64_t window) const {
    return clamp_number(WideTime{window} * step_ + panes_ - 1);
  }
  int64_t first_window(int64_t pane) const {
    return clamp_number(floor_div(WideTime{pane} - panes_, step_) + 1);
  }
  int64_t last_window(int64_t pane) const { return clamp_number(floor_div(pane, step_)); }
  int64_t closed_by(Timestamp watermark) const {
    if (watermark == kMinWatermark) return INT64_MIN;
    if (watermark >= kMaxWatermark - 1) return INT64_MAX;
    return clamp_number(floor_div(WideTime{watermark} + 1 - size_ - offset_, slide_));
  }
  TimeWindow window(int64_t number) const {
    const WideTime start = WideTime{number} * slide_ + offset_;
    return {clamp_time(start), clamp_time(start + size_)};
  }

 private:
  Timestamp size_;
  Timestamp slide_;
  Timestamp offset_;
  Timestamp pane_;
  int64_t panes_;  ///< of a window
  int64_t step_;   ///< panes from one window to the next
};

/// Windows that begin together and grow by a step up to a size, a multiple of the step. `offset`: 0
/// to size - 1.
class CumulativePlan {
 public:
  CumulativePlan(Timestamp step, Timestamp size, Timestamp offset)
      : step_(step), steps_(size / step), offset_(offset) {}

  Pane pane_of(Timestamp timestamp) const { return pane_at(timestamp, step_, offset_); }
  int64_t first_pane(int64_t window) const {
    return clamp_number(floor_div(window, steps_) * steps_);
  }
  int64_t last_pane(int64_t window) const { return window; }
  int64_t first_window(int64_t pane) const { return pane; }
  int64_t last_window(int64_t pane) const {
    return clamp_number(floor_div(pane, steps_) * steps_ + steps_ - 1);
  }
  int64_t closed_by(Timestamp watermark) const {
    if (watermark == kMinWatermark) return INT64_MIN;
    if (watermark >= kMaxWatermark - 1) return INT64_MAX;
    return clamp_number(floor_div(WideTime{watermark} + 1 - offset_, step_) - 1);
  }
  TimeWindow window(int64_t number) const {
    const WideTime start = floor_div(number, steps_) * steps_ * step_ + offset_;
    return {clamp_time(start), clamp_time((WideTime{number} + 1) * step_ + offset_)};
  }

 private:
  Timestamp step_;
  int64_t steps_;
  Timestamp offset_;
};

/// Calls f(TimeWindow) for the windows of a timestamp, the last one first.
template <class Plan, class F>
void assign_by(const Plan& plan, Timestamp time, F&& f) {
  const int64_t pane = plan.pane_of(time).number;
  const int64_t first = plan.first_window(pane);
  for (int64_t window = plan.last_window(pane); window >= first; --window) {
    f(plan.window(window));
    if (window == INT64_MIN) return;
  }
}

}  // namespace weir::detail
