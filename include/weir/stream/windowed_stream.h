#pragma once

#include <chrono>
#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "weir/detail/stream/field_reductions.h"
#include "weir/detail/window/make_window.h"
#include "weir/function/functions.h"
#include "weir/stream/data_stream.h"
#include "weir/window/evictors.h"
#include "weir/window/triggers.h"
#include "weir/window/windows.h"

namespace weir {

/// The records of each key, by window. A value. An event-time window emits its results when the
/// watermark passes its end, and they have the window's last timestamp. Later records of the window
/// go to a side output, or are dropped and counted in the metric "numLateRecordsDropped". The
/// source's watermark strategy must provide timestamps: a record without one fails the job, or is
/// dropped if
/// weir.event-time.records-without-timestamp says so.
///
/// trigger(), evictor() and allowed_lateness() change this, and return another stream. Windows with
/// one of them cost more: see docs/guide.md.
template <class T, class K, class KeySelector, class Setup>
class WindowedStream {
 public:
  using Record = T;
  using Key = K;

  /// When windows emit their results; see weir/window/triggers.h. Replaces the assigner's trigger.
  template <class Trigger>
  auto trigger(Trigger trigger) const {
    static_assert(WindowTrigger<Trigger, T>,
                  "trigger: the argument must be a trigger for this stream's records, such as "
                  "CountTrigger::of(n) (weir/window/triggers.h)");
    static_assert(!Setup::Assigner::kMerging || MergeableTrigger<Trigger>,
                  "trigger: session windows merge, so their trigger needs merge(from, into) for "
                  "its State (weir/window/triggers.h)");
    detail::note_problem_of(*graph_, trigger);
    return with(setup_.with_trigger(std::move(trigger)));
  }
  /// Which records the window's function gets; see weir/window/evictors.h. Keeps all records in
  /// state.
  template <class Evictor>
  auto evictor(Evictor evictor) const {
    static_assert(WindowEvictor<Evictor, T>,
                  "evictor: the argument must be an evictor of this stream's records, such as "
                  "CountEvictor::of(n) (weir/window/evictors.h)");
    detail::note_problem_of(*graph_, evictor);
    return with(setup_.with_evictor(std::move(evictor)));
  }
  /// Keeps windows for this time after their end. A late record of such a window joins it, and the
  /// window emits its results again. For event-time windows.
  auto allowed_lateness(std::chrono::milliseconds lateness) const {
    static_assert(Setup::Assigner::kEventTime,
                  "allowed_lateness: only event-time windows have late records");
    auto setup = setup_.with_real_trigger();
    setup.lateness = lateness.count();
    if (lateness.count() < 0) {
      graph_->problems.push_back("allowed_lateness() is given " + std::to_string(lateness.count()) +
                                 " ms; windows cannot be kept for less than no time");
    }
    return with(std::move(setup));
  }
  /// Sends records that are too late to this side output of the result, with their timestamps.
  /// Without a get_side_output() for it they are dropped and counted. For event-time windows.
  template <class X>
  WindowedStream side_output_late_data(OutputTag<X> tag) const {
    static_assert(std::is_same_v<X, T>,
                  "side_output_late_data: the tag must have this stream's type of records");
    static_assert(Setup::Assigner::kEventTime,
                  "side_output_late_data: only event-time windows have late records");
    WindowedStream stream = *this;
    stream.late_ = std::move(tag);
    return stream;
  }

  /// Emits one result for each key and window, from an accumulator; see weir::AggregateFunction.
  template <class A>
  auto aggregate(A function) const {
    check_aggregate<A>();
    return add<AggregateResult<A>>(
        "window", detail::make_window_aggregate<T>(selector_, setup_, std::move(function)));
  }
  /// `process`: a ProcessWindowFunction. It gets the accumulator's result as the only element, with
  /// key and window.
  template <class A, class Fn>
  auto aggregate(A function, Fn process) const {
    check_aggregate<A>();
    check_process<AggregateResult<A>, Fn>();
    return add<typename Fn::Output>(
        "window", detail::make_window_aggregate<T>(selector_, setup_, std::move(function),
                                                   std::move(process)));
  }

  /// `f(so_far, record)` returns a record. The first record of a window is its own result.
  template <class F>
  SingleOutputStreamOperator<T> reduce(F f) const {
    check_reduce<F>();
    detail::check_function(*graph_, "reduce", f);
    return add<T>("window", detail::make_window_reduce<T>(selector_, setup_, std::move(f)));
  }
  template <class F, class Fn>
  auto reduce(F f, Fn process) const {
    check_reduce<F>();
    check_process<T, Fn>();
    detail::check_function(*graph_, "reduce", f);
    return add<typename Fn::Output>(
        "window",
        detail::make_window_reduce<T>(selector_, setup_, std::move(f), std::move(process)));
  }

  /// Emits one record for each key and window: the first record, with the sum, minimum or maximum
  /// of a member over all of them.
  template <class V, class Record = T>
  requires std::is_class_v<Record> SingleOutputStreamOperator<T> sum(V Record::* member) const {
    detail::check_function(*graph_, "sum", member);
    return reduce(detail::sum_of<T>(member)).name("sum");
  }
  template <class V, class Record = T>
  requires std::is_class_v<Record> SingleOutputStreamOperator<T> min(V Record::* member) const {
    detail::check_function(*graph_, "min", member);
    return reduce(detail::min_of<T>(member)).name("min");
  }
  template <class V, class Record = T>
  requires std::is_class_v<Record> SingleOutputStreamOperator<T> max(V Record::* member) const {
    detail::check_function(*graph_, "max", member);
    return reduce(detail::max_of<T>(member)).name("max");
  }

  /// Emits one record for each key and window: that with the least or the greatest value of a
  /// member, or of a function of the record. Of equal ones the first, or the last if `first` is
  /// false. NaN is larger than all numbers.
  template <class Selector>
  SingleOutputStreamOperator<T> min_by(Selector selector, bool first = true) const {
    static_assert(detail::kOrders<T, const Selector>,
                  "min_by: the argument is a pointer to a member of the record, or a function that "
                  "takes a const T& and is const; its values need operator<");
    detail::check_function(*graph_, "min_by", selector);
    return reduce(detail::min_by_of<T>(std::move(selector), first)).name("min_by");
  }
  template <class Selector>
  SingleOutputStreamOperator<T> max_by(Selector selector, bool first = true) const {
    static_assert(detail::kOrders<T, const Selector>,
                  "max_by: the argument is a pointer to a member of the record, or a function that "
                  "takes a const T& and is const; its values need operator<");
    detail::check_function(*graph_, "max_by", selector);
    return reduce(detail::max_by_of<T>(std::move(selector), first)).name("max_by");
  }

  /// `process`: a ProcessWindowFunction. It gets all records of the window in the order of their
  /// arrival. Keeps all records in state.
  template <class Fn>
  auto process(Fn process) const {
    detail::require_serializable<T>();
    check_process<T, Fn>();
    return add<typename Fn::Output>(
        "window", detail::make_window_process<T>(selector_, setup_, std::move(process)));
  }

 private:
  template <class, class, class>
  friend class KeyedStream;
  template <class, class, class, class>
  friend class WindowedStream;
  WindowedStream(std::shared_ptr<detail::StreamGraph> graph,
                 std::vector<detail::StreamInput> inputs, KeySelector selector, Setup setup)
      : graph_(std::move(graph)),
        inputs_(std::move(inputs)),
        selector_(std::move(selector)),
        setup_(std::move(setup)) {}

  template <class Other>
  WindowedStream<T, K, KeySelector, Other> with(Other setup) const {
    WindowedStream<T, K, KeySelector, Other> stream(graph_, inputs_, selector_, std::move(setup));
    stream.late_ = late_;
    return stream;
  }

  template <class A>
  static constexpr void check_aggregate() {
    static_assert(AggregateFunction<A, T>,
                  "aggregate: the function needs Accumulator, create_accumulator(), add(record, "
                  "accumulator) and "
                  "get_result(accumulator), all const "
                  "(weir/function/functions.h)");
    static_assert(!Setup::Assigner::kMerging || MergeableAggregateFunction<A>,
                  "aggregate: session windows merge, so the function needs merge(from, into) for "
                  "its accumulators (weir/function/functions.h)");
    detail::require_serializable<typename A::Accumulator>();
  }
  template <class F>
  static constexpr void check_reduce() {
    detail::require_serializable<T>();
    static_assert(std::is_invocable_r_v<T, const F&, T, const T&>,
                  "reduce: the function takes what there is so far (T or const T&) and a const T&, "
                  "returns a T, and is const");
  }
  template <class In, class Fn>
  static constexpr void check_process() {
    static_assert(
        requires {
          requires std::derived_from<Fn, ProcessWindowFunction<In, typename Fn::Output, K>>;
        },
        "the window's function must be a weir::ProcessWindowFunction<In, Out, K> whose In is what "
        "the window gives "
        "(its records, or the one "
        "result of aggregate or reduce) and whose K is the type of the key");
  }

  template <class Out, class Make>
  SingleOutputStreamOperator<Out> add(std::string name, Make make) const {
    detail::StreamNode node;
    node.name = std::move(name);
    node.inputs = inputs_;
    node.has_side_outputs = late_.has_value();
    node.event_time = Setup::Assigner::kEventTime;
    node.timestamps = detail::StreamNode::Timestamps::kGiven;
    node.factory = [make = std::move(make),
                    late = late_](const detail::OperatorSettings& settings) {
      auto made = make(settings);
      if (late) made->send_late_to(*late);
      return std::unique_ptr<Operator>(std::move(made));
    };
    return SingleOutputStreamOperator<Out>::add(graph_, std::move(node));
  }

  std::shared_ptr<detail::StreamGraph> graph_;
  std::vector<detail::StreamInput> inputs_;
  KeySelector selector_;
  Setup setup_;
  std::optional<OutputTag<T>> late_;
};

}  // namespace weir
