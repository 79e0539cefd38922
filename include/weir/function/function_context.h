#pragma once

// The contexts that the functions of a job get with their calls.

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "weir/detail/state/keyed_backend.h"
#include "weir/detail/state/operator_states.h"
#include "weir/detail/stream/side_outputs.h"
#include "weir/function/output_tag.h"

namespace weir {

/// The context of a function when its subtask starts: its place and metrics.
class RuntimeContext {
 public:
  explicit RuntimeContext(OperatorContext& context) : context_(context) {}

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
};

/// The context of a keyed function when its subtask starts: its states, too.
template <class K>
class KeyedRuntimeContext : public RuntimeContext {
 public:
  KeyedRuntimeContext(OperatorContext& context, detail::KeyedBackend<K>& backend)
      : RuntimeContext(context), backend_(backend) {}

  /// Returns the state that a descriptor names (weir/state/state_descriptors.h): a ValueState,
  /// ListState, MapState, ReducingState or AggregatingState. Keep the handle. Throws
  /// std::invalid_argument if the name was declared with another type.
  template <class Descriptor>
  auto state(const Descriptor& descriptor) {
    return backend_.state(descriptor);
  }

 private:
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

namespace detail {

/// The objects that the contexts of a function without keys refer to. Lives as long as the
/// operator.
struct ProcessServices {
  void open(OperatorContext& context) {
    operator_context = &context;
    side_outputs.open(context);
    states.open(context);
  }
  OperatorContext* operator_context = nullptr;
  Timestamp watermark = kMinWatermark;
  SideOutputs side_outputs{};
  OperatorStates states{};
};

/// The objects that the contexts of a function with keys refer to. Lives as long as the operator.
struct KeyedServices {
  void open(OperatorContext& context) {
    side_outputs.open(context);
    states.open(context);
  }
  TimerService& timers;
  SideOutputs side_outputs{};
  OperatorStates states{};
};

}  // namespace detail

/// The context of a call for a record, without keys. Valid during the call.
class ProcessContext {
 public:
  ProcessContext(Timestamp timestamp, detail::ProcessServices& services)
      : timestamp_(timestamp), services_(services) {}

  /// The record's timestamp, or kNoTimestamp.
  Timestamp timestamp() const { return timestamp_; }
  Timestamp current_watermark() const { return services_.watermark; }
  /// Returns the wall clock, ms since 1970.
  int64_t current_processing_time() const {
    return services_.operator_context->processing_time_ms();
  }
  /// Emits to a side output. The record gets the timestamp that a collected result gets. It is
  /// dropped if no get_side_output() reads it. Throws std::invalid_argument if the side output has
  /// records of another type.
  template <class T>
  void output(const OutputTag<T>& tag, std::type_identity_t<T> record) const {
    services_.side_outputs.collect(tag, std::move(record));
  }

 protected:
  detail::ProcessServices& services() const { return services_; }

 private:
  const Timestamp timestamp_;
  detail::ProcessServices& services_;
};

/// The context of a call for a record, with its key. Valid during the call.
template <class K>
class KeyedProcessContext {
 public:
  KeyedProcessContext(const K& key, Timestamp timestamp, detail::KeyedServices& services)
      : key_(key), timestamp_(timestamp), services_(services) {}

  const K& current_key() const { return key_; }
  /// The record's timestamp, or kNoTimestamp.
  Timestamp timestamp() const { return timestamp_; }
  TimerService& timer_service() const { return services_.timers; }
  /// Emits to a side output, as ProcessContext::output() does.
  template <class T>
  void output(const OutputTag<T>& tag, std::type_identity_t<T> record) const {
    services_.side_outputs.collect(tag, std::move(record));
  }

 protected:
  detail::KeyedServices& services() const { return services_; }

 private:
  const K& key_;
  const Timestamp timestamp_;
  detail::KeyedServices& services_;
};

/// The context of a call for a timer, with its key. timestamp() is the timer's.
template <class K>
class KeyedTimerContext : public KeyedProcessContext<K> {
 public:
  KeyedTimerContext(const K& key, Timestamp timestamp, detail::KeyedServices& services,
                    TimeDomain domain)
      : KeyedProcessContext<K>(key, timestamp, services), domain_(domain) {}
  TimeDomain time_domain() const { return domain_; }

 private:
  const TimeDomain domain_;
};

}  // namespace weir
