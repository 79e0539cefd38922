#pragma once

#include <chrono>
#include <string>

#include "weir/detail/window/pane_plans.h"
#include "weir/detail/window/window_times.h"
#include "weir/window/time_window.h"
#include "weir/window/triggers.h"

namespace weir {

/// Windows that begin together and grow by a step up to a size, by the records' timestamps: with a
/// step of an hour and a size of a day, each hour emits the results since midnight. Days start at
/// multiples of the size, plus the offset. As CUMULATE in Flink's SQL.
class CumulativeEventTimeWindows {
 public:
  static constexpr bool kEventTime = true;
  static constexpr bool kMerging = false;
  static constexpr bool kDisjoint = false;
  static constexpr bool kHasPanes = true;
  using DefaultTrigger = EventTimeTrigger;

  /// execute() reports a step that is not positive, and a size that is not a multiple of it.
  static CumulativeEventTimeWindows of(
      std::chrono::milliseconds step, std::chrono::milliseconds size,
      std::chrono::milliseconds offset = std::chrono::milliseconds(0)) {
    return CumulativeEventTimeWindows(step.count(), size.count(), offset.count());
  }

  const detail::CumulativePlan& plan() const { return plan_; }
  /// The longest window first.
  template <class T, class F>
  void assign(const T&, Timestamp time, F&& window) const {
    detail::assign_by(plan_, time, window);
  }
  std::string setup_problem() const {
    const char* call = "CumulativeEventTimeWindows::of";
    if (step_ <= 0) return detail::too_short("the step of windows", call, step_);
    if (size_ > 0 && size_ % step_ == 0) return "";
    return "the size of cumulative windows must be a multiple of their step, and " +
           std::string(call) + "() is given a step of " + std::to_string(step_) +
           " ms and a size of " + std::to_string(size_) + " ms";
  }

 private:
  CumulativeEventTimeWindows(Timestamp step, Timestamp size, Timestamp offset)
      : step_(step), size_(size), plan_(plan(offset)) {}
  detail::CumulativePlan plan(Timestamp offset) const {
    if (!setup_problem().empty()) return {1, 1, 0};  // execute() refuses the job
    return {step_, size_, detail::floor_mod(offset, size_)};
  }

  Timestamp step_;
  Timestamp size_;
  detail::CumulativePlan plan_;
};

}  // namespace weir
