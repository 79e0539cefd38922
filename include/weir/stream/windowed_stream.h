#pragma once

#include <concepts>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "weir/detail/stream/field_reductions.h"
#include "weir/detail/window/make_window.h"
#include "weir/function/functions.h"
#include "weir/stream/data_stream.h"
#include "weir/window/windows.h"

namespace weir {

/// The records of each key, by window. A value. Results are emitted when the watermark passes the
/// end of the window, and have the window's last timestamp. Later records of the window are dropped
/// and counted in the metric "numLateRecordsDropped". The source's watermark strategy must provide
/// timestamps: a record without one fails the job, or is dropped if
/// weir.event-time.records-without-timestamp says so.
template <class T, class K, class KeySelector, class Assigner>
class WindowedStream {
 public:
  using Record = T;
  using Key = K;

  /// Emits one result for each key and window, from an accumulator; see weir::AggregateFunction.
  template <class A>
  auto aggregate(A function) const {
    check_aggregate<A>();
    return add<AggregateResult<A>>(
        "window", detail::make_window_aggregate<T>(selector_, assigner_, std::move(function)));
  }
  /// `process`: a ProcessWindowFunction. It gets the accumulator's result as the only element, with
  /// key and window.
  template <class A, class Fn>
  auto aggregate(A function, Fn process) const {
    check_aggregate<A>();
    check_process<AggregateResult<A>, Fn>();
    return add<typename Fn::Output>(
        "window", detail::make_window_aggregate<T>(selector_, assigner_, std::move(function),
                                                   std::move(process)));
  }

  /// `f(so_far, record)` returns a record. The first record of a window is its own result.
  template <class F>
  SingleOutputStreamOperator<T> reduce(F f) const {
    check_reduce<F>();
    return add<T>("window", detail::make_window_reduce<T>(selector_, assigner_, std::move(f)));
  }
  template <class F, class Fn>
  auto reduce(F f, Fn process) const {
    check_reduce<F>();
    check_process<T, Fn>();
    return add<typename Fn::Output>(
        "window",
        detail::make_window_reduce<T>(selector_, assigner_, std::move(f), std::move(process)));
  }

  /// Emits one record for each key and window: the first record, with the sum, minimum or maximum
  /// of a member over all of them.
  template <class V, class Record = T>
  requires std::is_class_v<Record> SingleOutputStreamOperator<T> sum(V Record::* member) const {
    return reduce(detail::sum_of<T>(member)).name("sum");
  }
  template <class V, class Record = T>
  requires std::is_class_v<Record> SingleOutputStreamOperator<T> min(V Record::* member) const {
    return reduce(detail::min_of<T>(member)).name("min");
  }
  template <class V, class Record = T>
  requires std::is_class_v<Record> SingleOutputStreamOperator<T> max(V Record::* member) const {
    return reduce(detail::max_of<T>(member)).name("max");
  }

  /// `process`: a ProcessWindowFunction. It gets all records of the window in the order of their
  /// arrival. Keeps all records in state.
  template <class Fn>
  auto process(Fn process) const {
    detail::require_serializable<T>();
    check_process<T, Fn>();
    return add<typename Fn::Output>(
        "window", detail::make_window_process<T>(selector_, assigner_, std::move(process)));
  }

 private:
  template <class, class, class>
  friend class KeyedStream;
  WindowedStream(std::shared_ptr<detail::StreamGraph> graph,
                 std::vector<detail::StreamInput> inputs, KeySelector selector, Assigner assigner)
      : graph_(std::move(graph)),
        inputs_(std::move(inputs)),
        selector_(std::move(selector)),
        assigner_(std::move(assigner)) {}

  template <class A>
  static constexpr void check_aggregate() {
    static_assert(AggregateFunction<A, T>,
                  "aggregate: the function needs Accumulator, create_accumulator(), add(record, "
                  "accumulator) and "
                  "get_result(accumulator), all const "
                  "(weir/function/functions.h)");
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
    node.factory = std::move(make);
    return SingleOutputStreamOperator<Out>::add(graph_, std::move(node));
  }

  std::shared_ptr<detail::StreamGraph> graph_;
  std::vector<detail::StreamInput> inputs_;
  KeySelector selector_;
  Assigner assigner_;
};

}  // namespace weir
