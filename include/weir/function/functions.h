#pragma once

// Functions that process records by key.

#include <concepts>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weir/detail/state/keyed_backend.h"
#include "weir/operator/collector.h"
#include "weir/window/time_window.h"

namespace weir {

/// The context of a keyed function when its subtask starts: its states and metrics.
template <class K>
class KeyedRuntimeContext {
 public:
  KeyedRuntimeContext(OperatorContext& context, detail::KeyedBackend<K>& backend)
      : context_(context), backend_(backend) {}

  /// Returns the state that a descriptor names. Keep the handle. Throws std::invalid_argument if
  /// the name was declared with another type.
  template <class T>
  ValueState<T> state(const ValueStateDescriptor<T>& descriptor) {
    return backend_.state(descriptor);
  }
  template <class T>
  ListState<T> state(const ListStateDescriptor<T>& descriptor) {
    return backend_.state(descriptor);
  }
  template <class UserKey, class V>
  MapState<UserKey, V> state(const MapStateDescriptor<UserKey, V>& descriptor) {
    return backend_.state(descriptor);
  }

  int subtask() const { return context_.subtask(); }
  int parallelism() const { return context_.parallelism(); }
  const std::string& operator_name() const { return context_.operator_name(); }

  /// Returns this subtask's metric of that name: see MetricGroup. Keep the reference.
  Counter& counter(std::string_view name) { return context_.metrics().counter(name); }
  Gauge& gauge(std::string_view name) { return context_.metrics().gauge(name); }
  Meter& meter(std::string_view name) { return context_.metrics().meter(name); }
  Histogram& histogram(std::string_view name) { return context_.metrics().histogram(name); }

 private:
  OperatorContext& context_;
  detail::KeyedBackend<K>& backend_;
};

/// Timers of the current key, as a set: a timer registered twice fires once.
///
/// At the end of the input, as in Flink, the final watermark weir::kMaxWatermark fires all
/// event-time timers, including those that they register. Pending processing-time timers are
/// dropped, with a line in the log. So a function that registers the next event-time timer in each
/// on_timer() must stop when current_watermark() is kMaxWatermark. Otherwise the job fails after
/// 100,000 timers of a key in a row.
class TimerService {
 public:
  virtual ~TimerService() = default;
  virtual Timestamp current_watermark() const = 0;
  /// Returns the wall clock, ms since 1970.
  virtual int64_t current_processing_time() const = 0;
  /// Registers a timer that fires when the watermark reaches the timestamp. If it has already
  /// reached it, the timer fires before the next watermark is forwarded.
  virtual void register_event_time_timer(Timestamp timestamp) = 0;
  virtual void delete_event_time_timer(Timestamp timestamp) = 0;
  /// Registers a timer that fires at that wall-clock time, between records. If the time passes
  /// while the job is not running, the timer fires after the restore.
  virtual void register_processing_time_timer(int64_t time_ms) = 0;
  virtual void delete_processing_time_timer(int64_t time_ms) = 0;
};

enum class TimeDomain { kEventTime, kProcessingTime };

/// Processes one record at a time, with state and timers of its key. Copied for every subtask. May
/// throw, which fails the task. Thread: the subtask's.
template <class K, class In, class Out>
class KeyedProcessFunction {
 public:
  using Key = K;
  using Input = In;
  using Output = Out;
  using RuntimeContext = KeyedRuntimeContext<K>;

  class Context {
   public:
    Context(const K& key, Timestamp timestamp, TimerService& timers)
        : key_(key), timestamp_(timestamp), timers_(timers) {}
    const K& current_key() const { return key_; }
    /// The record's timestamp, or kNoTimestamp.
    Timestamp timestamp() const { return timestamp_; }
    TimerService& timer_service() const { return timers_; }

   private:
    const K& key_;
    const Timestamp timestamp_;
    TimerService& timers_;
  };
  class OnTimerContext : public Context {
   public:
    OnTimerContext(const K& key, Timestamp timestamp, TimerService& timers, TimeDomain domain)
        : Context(key, timestamp, timers), domain_(domain) {}
    TimeDomain time_domain() const { return domain_; }

   private:
    const TimeDomain domain_;
  };

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

/// Processes a complete window: all its records, or the single result of an aggregate. Copied for
/// every subtask. May throw, which fails the task. Thread: the subtask's.
template <class In, class Out, class K>
class ProcessWindowFunction {
 public:
  using Key = K;
  using Input = In;
  using Output = Out;
  virtual ~ProcessWindowFunction() = default;
  virtual void process(const K& key, const WindowContext& context, const std::vector<In>& elements,
                       Collector<Out>& out) = 0;
};

/// The same for windows of a whole stream; see DataStream::window_all().
template <class In, class Out>
class ProcessAllWindowFunction {
 public:
  using Input = In;
  using Output = Out;
  virtual ~ProcessAllWindowFunction() = default;
  virtual void process(const WindowContext& context, const std::vector<In>& elements,
                       Collector<Out>& out) = 0;
};

}  // namespace weir
