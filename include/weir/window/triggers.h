#pragma once

// Triggers: when a window emits its results, and whether it keeps its contents then.
//
// A trigger is a value. weir keeps its State for each key and window, and calls the trigger with
// it:
//
//   struct EveryThird : weir::TriggerDefaults<int64_t> {
//     template <class T>
//     weir::TriggerResult on_element(const T&, weir::Timestamp, const weir::TimeWindow&,
//                                    int64_t& seen, weir::TimerService&) const {
//       return ++seen % 3 == 0 ? weir::TriggerResult::kFire : weir::TriggerResult::kContinue;
//     }
//     void merge(const int64_t& from, int64_t& into) const { into += from; }
//   };
//
// All calls are const, because only the State may remember anything. A State exists from the first
// on_element() until the window ends. Timers that a trigger registers belong to the key and window.

#include <algorithm>
#include <chrono>
#include <concepts>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "weir/detail/base/saturating.h"
#include "weir/detail/stream/stream_graph.h"
#include "weir/detail/window/window_times.h"
#include "weir/function/functions.h"
#include "weir/types/types.h"
#include "weir/window/time_window.h"

namespace weir {

enum class TriggerResult {
  kContinue,
  kFire,          ///< emit the results, and keep the contents
  kPurge,         ///< drop the contents
  kFireAndPurge,  ///< emit the results, then drop the contents
};

/// The State of a trigger that remembers nothing.
struct NoTriggerState {};

/// A base of triggers: the calls that most triggers do not need.
template <class S = NoTriggerState>
struct TriggerDefaults {
  using State = S;
  /// A timer of the key and window has fired.
  TriggerResult on_event_time(Timestamp, const TimeWindow&, State&, TimerService&) const {
    return TriggerResult::kContinue;
  }
  TriggerResult on_processing_time(Timestamp, const TimeWindow&, State&, TimerService&) const {
    return TriggerResult::kContinue;
  }
  /// A session has merged with others. `state` is theirs after merge(). Registers its timers.
  void on_merge(const TimeWindow&, State&, TimerService&) const {}
  /// The window ends. Deletes the trigger's timers.
  void clear(const TimeWindow&, State&, TimerService&) const {}
};

/// Fires when the watermark passes the window's end, and for each record after that. The default of
/// event-time windows.
struct EventTimeTrigger : TriggerDefaults<> {
  static EventTimeTrigger create() { return {}; }
  template <class T>
  TriggerResult on_element(const T&, Timestamp, const TimeWindow& window, NoTriggerState&,
                           TimerService& timers) const {
    if (window.max_timestamp() <= timers.current_watermark()) return TriggerResult::kFire;
    timers.register_event_time_timer(window.max_timestamp());
    return TriggerResult::kContinue;
  }
  TriggerResult on_event_time(Timestamp time, const TimeWindow& window, NoTriggerState&,
                              TimerService&) const {
    return time == window.max_timestamp() ? TriggerResult::kFire : TriggerResult::kContinue;
  }
  void merge(const NoTriggerState&, NoTriggerState&) const {}
  void on_merge(const TimeWindow& window, NoTriggerState&, TimerService& timers) const {
    if (window.max_timestamp() > timers.current_watermark())
      timers.register_event_time_timer(window.max_timestamp());
  }
  void clear(const TimeWindow& window, NoTriggerState&, TimerService& timers) const {
    timers.delete_event_time_timer(window.max_timestamp());
  }
};

/// Fires when the wall clock passes the window's end. The default of processing-time windows.
struct ProcessingTimeTrigger : TriggerDefaults<> {
  static ProcessingTimeTrigger create() { return {}; }
  template <class T>
  TriggerResult on_element(const T&, Timestamp, const TimeWindow& window, NoTriggerState&,
                           TimerService& timers) const {
    timers.register_processing_time_timer(window.max_timestamp());
    return TriggerResult::kContinue;
  }
  TriggerResult on_processing_time(Timestamp time, const TimeWindow& window, NoTriggerState&,
                                   TimerService&) const {
    return time == window.max_timestamp() ? TriggerResult::kFire : TriggerResult::kContinue;
  }
  void merge(const NoTriggerState&, NoTriggerState&) const {}
  void on_merge(const TimeWindow& window, NoTriggerState&, TimerService& timers) const {
    if (window.max_timestamp() > timers.current_processing_time())
      timers.register_processing_time_timer(window.max_timestamp());
  }
  void clear(const TimeWindow& window, NoTriggerState&, TimerService& timers) const {
    timers.delete_processing_time_timer(window.max_timestamp());
  }
};

/// Never fires. The default of GlobalWindows.
struct NeverTrigger : TriggerDefaults<> {
  static NeverTrigger create() { return {}; }
  template <class T>
  TriggerResult on_element(const T&, Timestamp, const TimeWindow&, NoTriggerState&,
                           TimerService&) const {
    return TriggerResult::kContinue;
  }
  void merge(const NoTriggerState&, NoTriggerState&) const {}
};

/// Fires for every n-th record. The State is the number of records since it last fired.
class CountTrigger : public TriggerDefaults<int64_t> {
 public:
  /// execute() reports a number that is not positive.
  static CountTrigger of(int64_t n) { return CountTrigger(n); }
  template <class T>
  TriggerResult on_element(const T&, Timestamp, const TimeWindow&, int64_t& count,
                           TimerService&) const {
    if (++count < n_) return TriggerResult::kContinue;
    count = 0;
    return TriggerResult::kFire;
  }
  void merge(const int64_t& from, int64_t& into) const { into += from; }
  std::string setup_problem() const {
    return n_ > 0 ? ""
                  : "a trigger must count at least 1 record, and CountTrigger::of() is given " +
                        std::to_string(n_);
  }

 private:
  explicit CountTrigger(int64_t n) : n_(n) {}
  int64_t n_;
};

/// Fires at every multiple of an interval of event time, and at the window's end. The State is the
/// next time.
class ContinuousEventTimeTrigger : public TriggerDefaults<std::optional<Timestamp>> {
 public:
  /// execute() reports an interval that is not positive.
  static ContinuousEventTimeTrigger of(std::chrono::milliseconds interval) {
    return ContinuousEventTimeTrigger(interval.count());
  }
  template <class T>
  TriggerResult on_element(const T&, Timestamp timestamp, const TimeWindow& window, State& next,
                           TimerService& timers) const {
    if (window.max_timestamp() <= timers.current_watermark()) return TriggerResult::kFire;
    timers.register_event_time_timer(window.max_timestamp());
    if (!next && timestamp != kNoTimestamp)
      set_next(detail::saturating_sub(timestamp, detail::floor_mod(timestamp, interval_)), window,
               next, timers);
    return TriggerResult::kContinue;
  }
  TriggerResult on_event_time(Timestamp time, const TimeWindow& window, State& next,
                              TimerService& timers) const {
    if (time == window.max_timestamp()) return TriggerResult::kFire;
    if (next != time) return TriggerResult::kContinue;
    // At the end of the input, a window without end would fire for ever.
    const bool last = detail::is_global(window) && timers.current_watermark() == kMaxWatermark;
    if (!last) set_next(time, window, next, timers);
    return TriggerResult::kFire;
  }
  void merge(const State& from, State& into) const {
    if (from && (!into || *from < *into)) into = from;
  }
  void on_merge(const TimeWindow& window, State& next, TimerService& timers) const {
    if (window.max_timestamp() > timers.current_watermark())
      timers.register_event_time_timer(window.max_timestamp());
    if (next) timers.register_event_time_timer(*next);
  }
  void clear(const TimeWindow& window, State& next, TimerService& timers) const {
    timers.delete_event_time_timer(window.max_timestamp());
    if (next) timers.delete_event_time_timer(*next);
  }
  std::string setup_problem() const {
    return detail::too_short("the interval of a trigger", "ContinuousEventTimeTrigger::of",
                             interval_);
  }

 private:
  explicit ContinuousEventTimeTrigger(Timestamp interval) : interval_(interval) {}
  void set_next(Timestamp time, const TimeWindow& window, State& next, TimerService& timers) const {
    next = std::min(detail::saturating_add(time, interval_), window.max_timestamp());
    timers.register_event_time_timer(*next);
  }
  Timestamp interval_;
};

/// Fires at every multiple of an interval of the wall clock, while the window has records. The
/// State is the next time.
class ContinuousProcessingTimeTrigger : public TriggerDefaults<std::optional<Timestamp>> {
 public:
  /// execute() reports an interval that is not positive.
  static ContinuousProcessingTimeTrigger of(std::chrono::milliseconds interval) {
    return ContinuousProcessingTimeTrigger(interval.count());
  }
  template <class T>
  TriggerResult on_element(const T&, Timestamp, const TimeWindow& window, State& next,
                           TimerService& timers) const {
    const Timestamp now = timers.current_processing_time();
    if (!next) set_next(now - detail::floor_mod(now, interval_), window, next, timers);
    return TriggerResult::kContinue;
  }
  TriggerResult on_processing_time(Timestamp time, const TimeWindow& window, State& next,
                                   TimerService& timers) const {
    if (next != time) return TriggerResult::kContinue;
    if (time < window.max_timestamp()) set_next(time, window, next, timers);
    return TriggerResult::kFire;
  }
  void merge(const State& from, State& into) const {
    if (from && (!into || *from < *into)) into = from;
  }
  void on_merge(const TimeWindow&, State& next, TimerService& timers) const {
    if (next) timers.register_processing_time_timer(*next);
  }
  void clear(const TimeWindow&, State& next, TimerService& timers) const {
    if (next) timers.delete_processing_time_timer(*next);
  }
  std::string setup_problem() const {
    return detail::too_short("the interval of a trigger", "ContinuousProcessingTimeTrigger::of",
                             interval_);
  }

 private:
  explicit ContinuousProcessingTimeTrigger(Timestamp interval) : interval_(interval) {}
  void set_next(Timestamp time, const TimeWindow& window, State& next, TimerService& timers) const {
    next = std::min(detail::saturating_add(time, interval_), window.max_timestamp());
    timers.register_processing_time_timer(*next);
  }
  Timestamp interval_;
};

/// Fires for a record that differs from the one that last fired by more than a threshold:
/// `delta(old, record)` is a number. The State is that record; the first one does not fire. Make it
/// with delta_trigger(). Not for session windows.
template <class T, class F>
class DeltaTrigger : public TriggerDefaults<std::optional<T>> {
 public:
  DeltaTrigger(double threshold, F delta) : threshold_(threshold), delta_(std::move(delta)) {}
  TriggerResult on_element(const T& record, Timestamp, const TimeWindow&, std::optional<T>& last,
                           TimerService&) const {
    if (last && !(delta_(*last, record) > threshold_)) return TriggerResult::kContinue;
    const bool first = !last;
    last = record;
    return first ? TriggerResult::kContinue : TriggerResult::kFire;
  }

 private:
  double threshold_;
  F delta_;
};
template <class T, class F>
DeltaTrigger<T, F> delta_trigger(double threshold, F delta) {
  static_assert(std::is_invocable_r_v<double, const F&, const T&, const T&>,
                "delta_trigger: the function takes two const T& and returns a number");
  return {threshold, std::move(delta)};
}

/// Does as another trigger, but drops the contents whenever that one fires.
template <class Inner>
class PurgingTrigger {
 public:
  using State = typename Inner::State;
  static PurgingTrigger of(Inner inner) { return PurgingTrigger(std::move(inner)); }
  template <class T>
  TriggerResult on_element(const T& record, Timestamp timestamp, const TimeWindow& window,
                           State& state, TimerService& timers) const {
    return purge(inner_.on_element(record, timestamp, window, state, timers));
  }
  TriggerResult on_event_time(Timestamp time, const TimeWindow& window, State& state,
                              TimerService& timers) const {
    return purge(inner_.on_event_time(time, window, state, timers));
  }
  TriggerResult on_processing_time(Timestamp time, const TimeWindow& window, State& state,
                                   TimerService& timers) const {
    return purge(inner_.on_processing_time(time, window, state, timers));
  }
  void merge(const State& from, State& into) const
      requires requires(const Inner& inner) { inner.merge(from, into); } {
    inner_.merge(from, into);
  }
  void on_merge(const TimeWindow& window, State& state, TimerService& timers) const {
    inner_.on_merge(window, state, timers);
  }
  void clear(const TimeWindow& window, State& state, TimerService& timers) const {
    inner_.clear(window, state, timers);
  }
  std::string setup_problem() const {
    if constexpr (requires { inner_.setup_problem(); }) return inner_.setup_problem();
    else return "";
  }

 private:
  explicit PurgingTrigger(Inner inner) : inner_(std::move(inner)) {}
  static TriggerResult purge(TriggerResult result) {
    return result == TriggerResult::kFire ? TriggerResult::kFireAndPurge : result;
  }
  Inner inner_;
};

/// Does as another trigger, and also fires when the window has waited for a timeout of the wall
/// clock since its first record after it last fired. Not for session windows.
template <class Inner>
class ProcessingTimeoutTrigger {
  static constexpr bool kInnerHasState = !std::is_same_v<typename Inner::State, NoTriggerState>;

 public:
  /// When it fires, and the state of the inner trigger.
  using State =
      std::conditional_t<kInnerHasState, std::pair<std::optional<Timestamp>, typename Inner::State>,
                         std::optional<Timestamp>>;

  /// `reset_timer_on_new_record`: every record begins the timeout anew. `clear_on_timeout`: the
  /// inner trigger starts over after a timeout; otherwise a further timeout needs it to fire first.
  /// execute() reports a timeout that is not positive.
  static ProcessingTimeoutTrigger of(Inner inner, std::chrono::milliseconds timeout,
                                     bool reset_timer_on_new_record = false,
                                     bool clear_on_timeout = true) {
    return {std::move(inner), timeout.count(), reset_timer_on_new_record, clear_on_timeout};
  }
  template <class T>
  TriggerResult on_element(const T& record, Timestamp timestamp, const TimeWindow& window,
                           State& state, TimerService& timers) const {
    const TriggerResult result = with_inner(state, [&](auto& inner) {
      return inner_.on_element(record, timestamp, window, inner, timers);
    });
    if (result == TriggerResult::kFire || result == TriggerResult::kFireAndPurge) {
      start_over(window, state, timers);
      return result;
    }
    std::optional<Timestamp>& due = due_of(state);
    if (due && reset_) timers.delete_processing_time_timer(*std::exchange(due, std::nullopt));
    if (!due) {
      due = detail::saturating_add(timers.current_processing_time(), timeout_);
      timers.register_processing_time_timer(*due);
    }
    return result;
  }
  TriggerResult on_event_time(Timestamp time, const TimeWindow& window, State& state,
                              TimerService& timers) const {
    return fire(
        with_inner(state,
                   [&](auto& inner) { return inner_.on_event_time(time, window, inner, timers); }),
        window, state, timers);
  }
  TriggerResult on_processing_time(Timestamp time, const TimeWindow& window, State& state,
                                   TimerService& timers) const {
    return fire(with_inner(state,
                           [&](auto& inner) {
                             return inner_.on_processing_time(time, window, inner, timers);
                           }),
                window, state, timers);
  }
  void on_merge(const TimeWindow&, State&, TimerService&) const {}
  void clear(const TimeWindow& window, State& state, TimerService& timers) const {
    if (const auto due = std::exchange(due_of(state), std::nullopt))
      timers.delete_processing_time_timer(*due);
    with_inner(state, [&](auto& inner) { inner_.clear(window, inner, timers); });
  }
  std::string setup_problem() const {
    if (std::string problem =
            detail::too_short("the timeout of a trigger", "ProcessingTimeoutTrigger::of", timeout_);
        !problem.empty())
      return problem;
    if constexpr (requires { inner_.setup_problem(); }) return inner_.setup_problem();
    else return "";
  }

 private:
  ProcessingTimeoutTrigger(Inner inner, Timestamp timeout, bool reset, bool clear)
      : inner_(std::move(inner)), timeout_(timeout), reset_(reset), clear_on_timeout_(clear) {}

  static std::optional<Timestamp>& due_of(State& state) {
    if constexpr (kInnerHasState) return state.first;
    else return state;
  }
  template <class F>
  static auto with_inner(State& state, F&& call) {
    if constexpr (kInnerHasState) return call(state.second);
    else {
      NoTriggerState nothing;
      return call(nothing);
    }
  }
  void start_over(const TimeWindow& window, State& state, TimerService& timers) const {
    clear(window, state, timers);
    with_inner(state, [](auto& inner) { inner = {}; });
  }
  /// As in Flink, every timer of the window fires it, also those of the inner trigger.
  TriggerResult fire(TriggerResult result, const TimeWindow& window, State& state,
                     TimerService& timers) const {
    if (clear_on_timeout_) start_over(window, state, timers);
    const bool purge = result == TriggerResult::kPurge || result == TriggerResult::kFireAndPurge;
    return purge ? TriggerResult::kFireAndPurge : TriggerResult::kFire;
  }

  Inner inner_;
  Timestamp timeout_;
  bool reset_;
  bool clear_on_timeout_;
};

/// The requirements on a trigger for records of type T.
template <class Tr, class T>
concept WindowTrigger =
    requires(const Tr& trigger, const T& record, Timestamp time, const TimeWindow& window,
             typename Tr::State& state, TimerService& timers) {
      { trigger.on_element(record, time, window, state, timers) } -> std::same_as<TriggerResult>;
      { trigger.on_event_time(time, window, state, timers) } -> std::same_as<TriggerResult>;
      { trigger.on_processing_time(time, window, state, timers) } -> std::same_as<TriggerResult>;
      trigger.on_merge(window, state, timers);
      trigger.clear(window, state, timers);
    };
/// A trigger for session windows, which merge.
template <class Tr>
concept MergeableTrigger = requires(const Tr& trigger, const typename Tr::State& from,
                                    typename Tr::State& into) { trigger.merge(from, into); };

}  // namespace weir
