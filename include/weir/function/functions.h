#pragma once

// Functions that process records one by one, and functions of windows.

#include <concepts>
#include <utility>
#include <vector>

#include "weir/detail/window/window_states.h"
#include "weir/function/function_context.h"
#include "weir/operator/collector.h"
#include "weir/window/time_window.h"

namespace weir {

/// Processes one record at a time, without keys and state. Copied for every subtask. May throw,
/// which fails the task. Thread: the subtask's.
template <class In, class Out>
class ProcessFunction {
 public:
  using Input = In;
  using Output = Out;
  using RuntimeContext = weir::RuntimeContext;
  using Context = ProcessContext;

  virtual ~ProcessFunction() = default;
  /// Called before the first record.
  virtual void open(RuntimeContext& context) { (void)context; }
  /// Called for each record.
  virtual void process_element(const In& value, Context& context, Collector<Out>& out) = 0;
  virtual void close() {}
};

/// Processes one record at a time, with state and timers of its key. Copied for every subtask. May
/// throw, which fails the task. Thread: the subtask's.
template <class K, class In, class Out>
class KeyedProcessFunction {
 public:
  using Key = K;
  using Input = In;
  using Output = Out;
  using RuntimeContext = KeyedRuntimeContext<K>;

  using Context = KeyedProcessContext<K>;
  using OnTimerContext = KeyedTimerContext<K>;

  virtual ~KeyedProcessFunction() = default;
  /// Called before the first record and before state is restored. Declare all states here.
  virtual void open(RuntimeContext& context) { (void)context; }
  /// Called for each record.
  virtual void process_element(const In& value, Context& context, Collector<Out>& out) = 0;
  /// Called for each timer that fires. `timestamp` is the timer's time (ms since 1970).
  virtual void on_timer(Timestamp timestamp, OnTimerContext& context, Collector<Out>& out) {
    (void)timestamp, (void)context, (void)out;
  }
  /// Called when the subtask ends.
  virtual void close() {}
};

/// Combines records into one result through an accumulator, which weir keeps in state. All
/// functions are const, because only the accumulator may remember anything.
///
///   struct Mean {
///     struct Accumulator {
///       double sum = 0;
///       int64_t count = 0;
///       WEIR_FIELDS(Accumulator, sum, count)
///     };
///     Accumulator create_accumulator() const { return {}; }
///     void add(const Reading& r, Accumulator& a) const { a.sum += r.value; ++a.count; }
///     double get_result(const Accumulator& a) const { return a.sum / a.count; }
///   };
template <class A, class T>
concept AggregateFunction =
    requires(const A& function, const T& record, typename A::Accumulator& accumulator) {
      { function.create_accumulator() } -> std::convertible_to<typename A::Accumulator>;
      function.add(record, accumulator);
      function.get_result(std::as_const(accumulator));
    };

/// An aggregate function that can also combine two accumulators: merge(from, into) adds the records
/// of `from` to `into`. Session windows need it. Sliding and cumulative windows cost much less with
/// it (docs/guide.md). The result must not depend on how the records were divided.
///
///   void merge(const Accumulator& from, Accumulator& into) const {
///     into.sum += from.sum;
///     into.count += from.count;
///   }
template <class A>
concept MergeableAggregateFunction =
    requires(const A& function, const typename A::Accumulator& from,
             typename A::Accumulator& into) { function.merge(from, into); };

template <class A>
using AggregateResult = std::remove_cvref_t<decltype(std::declval<const A&>().get_result(
    std::declval<const typename A::Accumulator&>()))>;

/// The context of a window function.
struct WindowContext {
  TimeWindow window;
  Timestamp current_watermark = kMinWatermark;
  int64_t current_processing_time = 0;  ///< the wall clock, ms since 1970
};

/// The context of a window function when its subtask starts: its states, too. Keep the handles; in
/// process() and clear() they refer to the current key, or to the current key and window.
template <class K>
class WindowRuntimeContext : public RuntimeContext {
 public:
  WindowRuntimeContext(OperatorContext& context, detail::WindowStates<K>& states)
      : RuntimeContext(context), states_(states) {}

  /// Returns a state that all windows of a key share; see KeyedRuntimeContext::state().
  template <class Descriptor>
  auto global_state(const Descriptor& descriptor) {
    return states_.by_key(descriptor);
  }
  /// Returns a state that each window of a key has of its own. clear() must clear it. Throws
  /// std::invalid_argument for session windows, which merge.
  template <class Descriptor>
  auto window_state(const Descriptor& descriptor) {
    return states_.by_window(descriptor);
  }

 private:
  detail::WindowStates<K>& states_;
};

/// Processes a complete window: all its records, or the single result of an aggregate. Copied for
/// every subtask. May throw, which fails the task. Thread: the subtask's.
template <class In, class Out, class K>
class ProcessWindowFunction {
 public:
  using Key = K;
  using Input = In;
  using Output = Out;
  using RuntimeContext = WindowRuntimeContext<K>;
  virtual ~ProcessWindowFunction() = default;
  /// Called before the first record and before state is restored. Declare all states here.
  virtual void open(RuntimeContext& context) { (void)context; }
  virtual void process(const K& key, const WindowContext& context, const std::vector<In>& elements,
                       Collector<Out>& out) = 0;
  /// Called when the window of a key has ended and is dropped.
  virtual void clear(const K& key, const WindowContext& context) { (void)key, (void)context; }
  virtual void close() {}
};

/// The same for windows of a whole stream; see DataStream::window_all().
template <class In, class Out>
class ProcessAllWindowFunction {
 public:
  using Input = In;
  using Output = Out;
  using RuntimeContext = WindowRuntimeContext<int8_t>;
  virtual ~ProcessAllWindowFunction() = default;
  virtual void open(RuntimeContext& context) { (void)context; }
  virtual void process(const WindowContext& context, const std::vector<In>& elements,
                       Collector<Out>& out) = 0;
  virtual void clear(const WindowContext& context) { (void)context; }
  virtual void close() {}
};

}  // namespace weir
