#pragma once

#include <chrono>
#include <string>

#include "weir/detail/window/pane_plans.h"
#include "weir/detail/window/window_times.h"
#include "weir/window/time_window.h"
#include "weir/window/triggers.h"

namespace weir {

namespace detail {

/// Windows of one size, of which one starts in each slide.
class SlidingWindows {
 public:
  static constexpr bool kMerging = false;
  static constexpr bool kDisjoint = false;

  SlidingWindows(std::chrono::milliseconds size, std::chrono::milliseconds slide,
                 std::chrono::milliseconds offset)
      : size_(size.count()), slide_(slide.count()), plan_(plan(offset.count())) {}

  const SlidingPlan& plan() const { return plan_; }
  /// The newest window first, as in Flink.
  template <class T, class F>
  void assign(const T&, Timestamp time, F&& window) const {
    assign_by(plan_, time, window);
  }

 protected:
  std::string problem(const char* call) const {
    const std::string problem = too_short("a sliding window", call, size_);
    return problem.empty() ? too_short("the slide of windows", call, slide_) : problem;
  }

 private:
  SlidingPlan plan(Timestamp offset) const {
    if (size_ <= 0 || slide_ <= 0) return {1, 1, 0};  // execute() refuses the job
    return {size_, slide_, floor_mod(offset, slide_)};
  }

  Timestamp size_;
  Timestamp slide_;
  SlidingPlan plan_;
};

}  // namespace detail

/// Windows of one size, of which one starts in each slide, by the records' timestamps (ms since
/// 1970). They start at multiples of the slide, plus the offset. If the size is more than the
/// slide, windows overlap. If it is less, some records belong to no window.
class SlidingEventTimeWindows : public detail::SlidingWindows {
 public:
  static constexpr bool kEventTime = true;
  static constexpr bool kHasPanes = true;
  using DefaultTrigger = EventTimeTrigger;

  /// execute() reports a size or slide that is not positive.
  static SlidingEventTimeWindows of(
      std::chrono::milliseconds size, std::chrono::milliseconds slide,
      std::chrono::milliseconds offset = std::chrono::milliseconds(0)) {
    return SlidingEventTimeWindows(size, slide, offset);
  }
  std::string setup_problem() const { return problem("SlidingEventTimeWindows::of"); }

 private:
  using SlidingWindows::SlidingWindows;
};

/// The same by the wall clock at which a record arrives.
class SlidingProcessingTimeWindows : public detail::SlidingWindows {
 public:
  static constexpr bool kEventTime = false;
  static constexpr bool kHasPanes = false;
  using DefaultTrigger = ProcessingTimeTrigger;

  /// execute() reports a size or slide that is not positive.
  static SlidingProcessingTimeWindows of(
      std::chrono::milliseconds size, std::chrono::milliseconds slide,
      std::chrono::milliseconds offset = std::chrono::milliseconds(0)) {
    return SlidingProcessingTimeWindows(size, slide, offset);
  }
  std::string setup_problem() const { return problem("SlidingProcessingTimeWindows::of"); }

 private:
  using SlidingWindows::SlidingWindows;
};

}  // namespace weir
