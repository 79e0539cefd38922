#pragma once

#include <chrono>
#include <concepts>
#include <functional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include "weir/detail/base/saturating.h"
#include "weir/window/time_window.h"
#include "weir/window/triggers.h"

namespace weir {

namespace detail {

/// The session of one record: from its time to `gap` ms later, within the limits of Timestamp.
inline TimeWindow session_of(Timestamp time, Timestamp gap) {
  time = std::min(time, kMaxWatermark - 1);
  return {time, saturating_add(time, gap)};
}

/// Sessions whose gap is fixed.
class SessionWindows {
 public:
  static constexpr bool kMerging = true;
  static constexpr bool kDisjoint = false;
  static constexpr bool kHasPanes = false;

  template <class T, class F>
  void assign(const T&, Timestamp time, F&& window) const {
    window(session_of(time, gap_));
  }

 protected:
  explicit SessionWindows(std::chrono::milliseconds gap) : gap_(gap.count()) {}
  std::string problem(const char* call) const {
    return too_short("the gap between sessions", call, gap_);
  }

 private:
  Timestamp gap_;
};

/// Sessions whose gap depends on the record.
template <class Gap, bool kInEventTime>
class DynamicSessionWindows {
 public:
  static constexpr bool kEventTime = kInEventTime;
  static constexpr bool kMerging = true;
  static constexpr bool kDisjoint = false;
  static constexpr bool kHasPanes = false;
  using DefaultTrigger = std::conditional_t<kInEventTime, EventTimeTrigger, ProcessingTimeTrigger>;

  explicit DynamicSessionWindows(Gap gap) : gap_(std::move(gap)) {}
  /// Throws std::invalid_argument if the gap of this record is not positive.
  template <class T, class F>
  void assign(const T& record, Timestamp time, F&& window) const {
    static_assert(std::is_invocable_r_v<std::chrono::milliseconds, const Gap&, const T&>,
                  "with_dynamic_gap: the function takes a const T& and returns a duration");
    const Timestamp gap = std::chrono::milliseconds(std::invoke(gap_, record)).count();
    if (gap <= 0) {
      throw std::invalid_argument(
          "the function of with_dynamic_gap() must return at least 1 ms for every record, and "
          "returned " +
          std::to_string(gap) + " ms");
    }
    window(session_of(time, gap));
  }
  std::string setup_problem() const {
    return is_null_function(gap_) ? "with_dynamic_gap() is given a function that is null" : "";
  }

 private:
  Gap gap_;
};

}  // namespace detail

/// Windows of activity, by the records' timestamps: a session of a key ends when there is no record
/// for the time of the gap. Two records whose distance is the gap or less are in one session.
class EventTimeSessionWindows : public detail::SessionWindows {
 public:
  static constexpr bool kEventTime = true;
  using DefaultTrigger = EventTimeTrigger;

  /// execute() reports a gap that is not positive.
  static EventTimeSessionWindows with_gap(std::chrono::milliseconds gap) {
    return EventTimeSessionWindows(gap);
  }
  /// `gap(record)` returns the time after this record that belongs to its session.
  template <class Gap>
  static auto with_dynamic_gap(Gap gap) {
    return detail::DynamicSessionWindows<Gap, true>(std::move(gap));
  }
  std::string setup_problem() const { return problem("EventTimeSessionWindows::with_gap"); }

 private:
  using SessionWindows::SessionWindows;
};

/// The same by the wall clock at which a record arrives.
class ProcessingTimeSessionWindows : public detail::SessionWindows {
 public:
  static constexpr bool kEventTime = false;
  using DefaultTrigger = ProcessingTimeTrigger;

  /// execute() reports a gap that is not positive.
  static ProcessingTimeSessionWindows with_gap(std::chrono::milliseconds gap) {
    return ProcessingTimeSessionWindows(gap);
  }
  /// `gap(record)` returns the time after this record that belongs to its session.
  template <class Gap>
  static auto with_dynamic_gap(Gap gap) {
    return detail::DynamicSessionWindows<Gap, false>(std::move(gap));
  }
  std::string setup_problem() const { return problem("ProcessingTimeSessionWindows::with_gap"); }

 private:
  using SessionWindows::SessionWindows;
};

}  // namespace weir
