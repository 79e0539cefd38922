#pragma once

// What a user writes to process records by key.

#include <concepts>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weir/detail/state/keyed_backend.h"
#include "weir/operator/collector.h"
#include "weir/window/time_window.h"

namespace weir {

/// What a keyed function may know and have when its subtask starts.
template <class K>
class KeyedRuntimeContext {
 public:
  KeyedRuntimeContext(OperatorContext& context, detail::KeyedBackend<K>& backend)
      : context_(context), backend_(backend) {}

  /// The state that a descriptor names. Keep the handle.
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

  /// The metric of that name of this subtask: see MetricGroup. Keep the reference.
  Counter& counter(std::string_view name) { return context_.metrics().counter(name); }
  Gauge& gauge(std::string_view name) { return context_.metrics().gauge(name); }

 private:
  OperatorContext& context_;
  detail::KeyedBackend<K>& backend_;
};

/// Timers of the current key. A set: a timer registered twice fires once.
///
/// At the end of the input, as in Flink: the final watermark, weir::kMaxWatermark, makes all
/// event-time timers fire, also those that they register; timers of processing time that are
/// pending then are dropped, which the log says. So a function that registers the next event-time
/// timer in each on_timer() must stop when current_watermark() is kMaxWatermark. One that does not
/// is noticed after 100,000 timers of a key in a row, and fails the job.
class TimerService {
 public:
  virtual ~TimerService() = default;
  virtual Timestamp current_watermark() const = 0;
  /// Wall clock, ms.
  virtual int64_t current_processing_time() const = 0;
  /// Fires when the watermark reaches the timestamp; before the next watermark is passed on if it
  /// has reached it already.
  virtual void register_event_time_timer(Timestamp timestamp) = 0;
  virtual void delete_event_time_timer(Timestamp timestamp) = 0;
  /// Fires when the clock does, in turns with the records that come; after a restore also if that
  /// was while nothing ran.
  virtual void register_processing_time_timer(int64_t time_ms) = 0;
  virtual void delete_processing_time_timer(int64_t time_ms) = 0;
};

enum class TimeDomain { kEventTime, kProcessingTime };

/// A record at a time, with state and timers of its key. Copied for every subtask. Thread: the
/// subtask's. May throw, which fails the task.
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
    /// The record's, or kNoTimestamp.
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
  /// Before the first record, and before state is restored: declare states here.
  virtual void open(RuntimeContext& context) { (void)context; }
  virtual void process_element(const In& value, Context& context, Collector<Out>& out) = 0;
  virtual void on_timer(Timestamp timestamp, OnTimerContext& context, Collector<Out>& out) {
    (void)timestamp, (void)context, (void)out;
  }
  virtual void close() {}
};

/// How records become one result: an accumulator that takes them one by one. Everything is const:
/// all that is remembered is in the accumulator, which is kept in state.
///   struct Mean {
///     struct Accumulator { double sum = 0; int64_t count = 0; WEIR_FIELDS(Accumulator, sum, count)
///     }; Accumulator create_accumulator() const { return {}; } void add(const Reading& r,
///     Accumulator& a) const { a.sum += r.value; ++a.count; } double get_result(const Accumulator&
///     a) const { return a.sum / a.count; }
///   };
template <class A, class T>
concept AggregateFunction =
    requires(const A& function, const T& record, typename A::Accumulator& accumulator) {
      { function.create_accumulator() } -> std::convertible_to<typename A::Accumulator>;
      function.add(record, accumulator);
      function.get_result(std::as_const(accumulator));
    };

template <class A>
using AggregateResult = std::remove_cvref_t<decltype(std::declval<const A&>().get_result(
    std::declval<const typename A::Accumulator&>()))>;

/// What a window's function may know besides the records.
struct WindowContext {
  TimeWindow window;
  Timestamp current_watermark = kMinWatermark;
};

/// Gets a window when it is complete: all its records, or the one result that an aggregate made of
/// them.
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

}  // namespace weir
