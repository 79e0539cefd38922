#pragma once

// Functions that process the records of two connected streams.

#include "weir/function/functions.h"

namespace weir {

/// Processes one record of either stream at a time. Both calls share the fields of the function, so
/// one stream can control how the other is processed. A checkpoint does not contain these fields;
/// see KeyedCoProcessFunction. Copied for every subtask. May throw, which fails the task. Thread:
/// the subtask's.
template <class In1, class In2, class Out>
class CoProcessFunction {
 public:
  using Input1 = In1;
  using Input2 = In2;
  using Output = Out;
  using RuntimeContext = weir::RuntimeContext;
  using Context = ProcessContext;

  virtual ~CoProcessFunction() = default;
  /// Called before the first record.
  virtual void open(RuntimeContext& context) { (void)context; }
  /// Called for each record of the first stream.
  virtual void process_element1(const In1& value, Context& context, Collector<Out>& out) = 0;
  /// Called for each record of the second stream.
  virtual void process_element2(const In2& value, Context& context, Collector<Out>& out) = 0;
  virtual void close() {}
};

/// Processes one record of either stream at a time, with state and timers of its key. Both streams
/// have keys of the same type, and records of both with the same key share its state. Event time is
/// that of the stream that is behind. Copied for every subtask. May throw, which fails the task.
/// Thread: the subtask's.
template <class K, class In1, class In2, class Out>
class KeyedCoProcessFunction {
 public:
  using Key = K;
  using Input1 = In1;
  using Input2 = In2;
  using Output = Out;
  using RuntimeContext = KeyedRuntimeContext<K>;
  using Context = KeyedProcessContext<K>;
  using OnTimerContext = KeyedTimerContext<K>;

  virtual ~KeyedCoProcessFunction() = default;
  /// Called before the first record and before state is restored. Declare all states here.
  virtual void open(RuntimeContext& context) { (void)context; }
  /// Called for each record of the first stream.
  virtual void process_element1(const In1& value, Context& context, Collector<Out>& out) = 0;
  /// Called for each record of the second stream.
  virtual void process_element2(const In2& value, Context& context, Collector<Out>& out) = 0;
  /// Called for each timer that fires. `timestamp` is the timer's time (ms since 1970).
  virtual void on_timer(Timestamp timestamp, OnTimerContext& context, Collector<Out>& out) {
    (void)timestamp, (void)context, (void)out;
  }
  virtual void close() {}
};

}  // namespace weir
