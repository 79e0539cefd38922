#pragma once

// Functions that process the records of a stream by state that a broadcast stream changes.

#include <utility>

#include "weir/function/functions.h"
#include "weir/state/operator_state.h"

namespace weir {

/// The context of a call for a record of the stream that is not broadcast. Valid during the call.
class BroadcastReadOnlyContext : public ProcessContext {
 public:
  using ProcessContext::ProcessContext;
  /// Returns a state whose descriptor broadcast() got. Throws std::invalid_argument if there is
  /// none of that name and type.
  template <class K, class V>
  ReadOnlyBroadcastState<K, V> broadcast_state(const MapStateDescriptor<K, V>& descriptor) const {
    return services().states.find(descriptor);
  }
};

/// The context of a call for a broadcast record. Valid during the call.
class BroadcastContext : public ProcessContext {
 public:
  using ProcessContext::ProcessContext;
  /// As above, for changes.
  template <class K, class V>
  BroadcastState<K, V> broadcast_state(const MapStateDescriptor<K, V>& descriptor) const {
    return services().states.find(descriptor);
  }
};

/// The same contexts for a stream with keys.
template <class K>
class KeyedBroadcastReadOnlyContext : public KeyedProcessContext<K> {
 public:
  using KeyedProcessContext<K>::KeyedProcessContext;
  template <class UserKey, class V>
  ReadOnlyBroadcastState<UserKey, V> broadcast_state(
      const MapStateDescriptor<UserKey, V>& descriptor) const {
    return this->services().states.find(descriptor);
  }
};
template <class K>
class KeyedBroadcastTimerContext : public KeyedTimerContext<K> {
 public:
  using KeyedTimerContext<K>::KeyedTimerContext;
  template <class UserKey, class V>
  ReadOnlyBroadcastState<UserKey, V> broadcast_state(
      const MapStateDescriptor<UserKey, V>& descriptor) const {
    return this->services().states.find(descriptor);
  }
};
template <class K>
class KeyedBroadcastContext {
 public:
  KeyedBroadcastContext(Timestamp timestamp, detail::KeyedServices& services,
                        detail::KeyedBackend<K>& backend)
      : timestamp_(timestamp), services_(services), backend_(backend) {}

  /// The record's timestamp, or kNoTimestamp.
  Timestamp timestamp() const { return timestamp_; }
  Timestamp current_watermark() const { return services_.timers.current_watermark(); }
  /// Returns the wall clock, ms since 1970.
  int64_t current_processing_time() const { return services_.timers.current_processing_time(); }
  template <class T>
  void output(const OutputTag<T>& tag, std::type_identity_t<T> record) const {
    services_.side_outputs.collect(tag, std::move(record));
  }
  template <class UserKey, class V>
  BroadcastState<UserKey, V> broadcast_state(
      const MapStateDescriptor<UserKey, V>& descriptor) const {
    return services_.states.find(descriptor);
  }
  /// Calls `f(key, state)` for each key of this subtask that has a value in the keyed state of the
  /// descriptor: a ValueState, ListState or MapState. `f` may change the state. It may not depend
  /// on the order of the keys, which is not defined. Throws std::invalid_argument if open() did not
  /// declare the state. The call takes time and memory for all these keys, and other records wait.
  template <class Descriptor, class F>
  void apply_to_keyed_state(const Descriptor& descriptor, F&& f) const {
    backend_.for_each_key(descriptor, std::forward<F>(f));
  }

 private:
  const Timestamp timestamp_;
  detail::KeyedServices& services_;
  detail::KeyedBackend<K>& backend_;
};

/// Processes one record of a stream at a time, or one record of a broadcast stream, which every
/// subtask gets. Only broadcast records may change the broadcast state, and every subtask must
/// change it in the same way. A checkpoint contains the broadcast state, but not the fields of the
/// function. There is no order between records of the two streams. Copied for every subtask. May
/// throw, which fails the task. Thread: the subtask's.
template <class In, class BroadcastIn, class Out>
class BroadcastProcessFunction {
 public:
  using Input1 = In;
  using Input2 = BroadcastIn;
  using Output = Out;
  using RuntimeContext = weir::RuntimeContext;
  using ReadOnlyContext = BroadcastReadOnlyContext;
  using Context = BroadcastContext;

  virtual ~BroadcastProcessFunction() = default;
  /// Called before the first record.
  virtual void open(RuntimeContext& context) { (void)context; }
  /// Called for each record of the stream that is not broadcast.
  virtual void process_element(const In& value, ReadOnlyContext& context, Collector<Out>& out) = 0;
  /// Called for each broadcast record, in every subtask.
  virtual void process_broadcast_element(const BroadcastIn& value, Context& context,
                                         Collector<Out>& out) = 0;
  virtual void close() {}
};

/// The same for a stream with keys, with state and timers of the key. Calls for broadcast records
/// have no key, and so neither keyed state nor timers; see apply_to_keyed_state().
template <class K, class In, class BroadcastIn, class Out>
class KeyedBroadcastProcessFunction {
 public:
  using Key = K;
  using Input1 = In;
  using Input2 = BroadcastIn;
  using Output = Out;
  using RuntimeContext = KeyedRuntimeContext<K>;
  using ReadOnlyContext = KeyedBroadcastReadOnlyContext<K>;
  using Context = KeyedBroadcastContext<K>;
  using OnTimerContext = KeyedBroadcastTimerContext<K>;

  virtual ~KeyedBroadcastProcessFunction() = default;
  /// Called before the first record and before keyed state is restored. Declare all keyed states
  /// here.
  virtual void open(RuntimeContext& context) { (void)context; }
  /// Called for each record of the stream with keys.
  virtual void process_element(const In& value, ReadOnlyContext& context, Collector<Out>& out) = 0;
  /// Called for each broadcast record, in every subtask.
  virtual void process_broadcast_element(const BroadcastIn& value, Context& context,
                                         Collector<Out>& out) = 0;
  /// Called for each timer that fires. `timestamp` is the timer's time (ms since 1970).
  virtual void on_timer(Timestamp timestamp, OnTimerContext& context, Collector<Out>& out) {
    (void)timestamp, (void)context, (void)out;
  }
  virtual void close() {}
};

}  // namespace weir
