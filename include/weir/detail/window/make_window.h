#pragma once

// Makes the window operator for each call of WindowedStream.

#include <memory>
#include <type_traits>
#include <utility>

#include "weir/detail/stream/stream_graph.h"
#include "weir/detail/window/emit_window.h"
#include "weir/detail/window/kept_in_window.h"
#include "weir/detail/window/window_operator.h"
#include "weir/types/types.h"

namespace weir::detail {

/// Makes the operator of each subtask with its settings.
template <class T, class Out, class KeySelector, class Assigner, class Kept, class Emit>
auto make_window_operator(KeySelector selector, Assigner assigner, Kept kept, Emit emit) {
  require_serializable<typename Kept::Serialized>();
  return [=](const OperatorSettings& settings = {}) {
    return std::make_unique<WindowOperator<T, KeySelector, Assigner, Kept, Emit, Out>>(
        selector, assigner, kept, emit, settings);
  };
}

/// Out: AggregateResult<A>.
template <class T, class KeySelector, class Assigner, class A>
auto make_window_aggregate(KeySelector selector, Assigner assigner, A aggregate) {
  return make_window_operator<T, AggregateResult<A>>(std::move(selector), std::move(assigner),
                                                     AggregateInWindow<T, A>{std::move(aggregate)},
                                                     EmitResult{});
}
/// `Fn`: a ProcessWindowFunction<AggregateResult<A>, Out, K>, which gets the single result.
template <class T, class KeySelector, class Assigner, class A, class Fn>
auto make_window_aggregate(KeySelector selector, Assigner assigner, A aggregate, Fn process) {
  static_assert(std::is_same_v<typename Fn::Input, AggregateResult<A>>,
                "the window function's input is not the aggregate's result");
  static_assert(std::is_same_v<typename Fn::Key, KeyOf<T, KeySelector>>,
                "the window function's key type is not that of key_by()");
  return make_window_operator<T, typename Fn::Output>(std::move(selector), std::move(assigner),
                                                      AggregateInWindow<T, A>{std::move(aggregate)},
                                                      EmitProcessed<Fn>(std::move(process)));
}
/// `F`: T(T so_far, const T& record). Out: T.
template <class T, class KeySelector, class Assigner, class F>
auto make_window_reduce(KeySelector selector, Assigner assigner, F reduce) {
  return make_window_operator<T, T>(std::move(selector), std::move(assigner),
                                    ReduceInWindow<T, F>{std::move(reduce)}, EmitResult{});
}
/// `Fn`: a ProcessWindowFunction<T, Out, K>, which gets the single result.
template <class T, class KeySelector, class Assigner, class F, class Fn>
auto make_window_reduce(KeySelector selector, Assigner assigner, F reduce, Fn process) {
  static_assert(std::is_same_v<typename Fn::Input, T>,
                "the window function's input is not the stream's type");
  static_assert(std::is_same_v<typename Fn::Key, KeyOf<T, KeySelector>>,
                "the window function's key type is not that of key_by()");
  return make_window_operator<T, typename Fn::Output>(std::move(selector), std::move(assigner),
                                                      ReduceInWindow<T, F>{std::move(reduce)},
                                                      EmitProcessed<Fn>(std::move(process)));
}
/// `Fn`: a ProcessWindowFunction<T, Out, K>, which gets all records of the key in the window, in
/// the order of their arrival.
template <class T, class KeySelector, class Assigner, class Fn>
auto make_window_process(KeySelector selector, Assigner assigner, Fn process) {
  static_assert(std::is_same_v<typename Fn::Input, T>,
                "the window function's input is not the stream's type");
  static_assert(std::is_same_v<typename Fn::Key, KeyOf<T, KeySelector>>,
                "the window function's key type is not that of key_by()");
  return make_window_operator<T, typename Fn::Output>(std::move(selector), std::move(assigner),
                                                      ListInWindow<T>{},
                                                      EmitProcessed<Fn>(std::move(process)));
}

}  // namespace weir::detail
