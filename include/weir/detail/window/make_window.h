#pragma once

// Makes the window operator for each call of WindowedStream.

#include <memory>
#include <type_traits>
#include <utility>

#include "weir/detail/stream/stream_graph.h"
#include "weir/detail/window/emit_window.h"
#include "weir/detail/window/evicted_window.h"
#include "weir/detail/window/kept_in_window.h"
#include "weir/detail/window/pane_operator.h"
#include "weir/detail/window/triggered_operator.h"
#include "weir/detail/window/window_operator.h"
#include "weir/detail/window/window_setup.h"
#include "weir/types/types.h"

namespace weir::detail {

/// Whether the operator of these windows is a special one: the contents of a window are one table,
/// or records are kept by pane. Otherwise it is a TriggeredOperator.
template <class Setup>
inline constexpr bool kPlainSetup = std::is_same_v<typename Setup::Trigger, DefaultTrigger> &&
                                    std::is_same_v<typename Setup::Evictor, NoEvictor>;
template <class Setup, class Kept>
inline constexpr bool kInPanes = kPlainSetup<Setup> && Setup::Assigner::kHasPanes &&
                                 kMerges<Kept> && Kept::kKind != KeyedStateInfo::Kind::kList;

template <class T, class Out, class KeySelector, class Setup, class Kept, class Emit>
auto make_triggered(KeySelector selector, Setup setup, Kept kept, Emit emit) {
  static_assert(!Setup::Assigner::kMerging || MergeableTrigger<typename Setup::Trigger>,
                "session windows merge: their trigger needs merge(from, into) for its State "
                "(weir/window/triggers.h)");
  return [=](const OperatorSettings& settings = {}) {
    return std::make_unique<TriggeredOperator<T, KeySelector, Setup, Kept, Emit, Out>>(
        selector, setup, kept, emit, settings);
  };
}

/// Makes the operator of each subtask with its settings. `windows`: an assigner or a WindowSetup.
template <class T, class Out, class KeySelector, class Windows, class Kept, class Emit>
auto make_window_operator(KeySelector selector, Windows windows, Kept kept, Emit emit) {
  require_serializable<typename Kept::Serialized>();
  auto setup = setup_of(std::move(windows));
  using Setup = decltype(setup);
  using Assigner = typename Setup::Assigner;
  if constexpr (kInPanes<Setup, Kept>) {
    return [=](const OperatorSettings& settings = {}) {
      using Plan = std::remove_cvref_t<decltype(setup.assigner.plan())>;
      return std::make_unique<PaneOperator<T, KeySelector, Plan, Kept, Emit, Out>>(
          selector, setup.assigner.plan(), kept, emit, settings);
    };
  } else if constexpr (kPlainSetup<Setup> && Assigner::kDisjoint) {
    return [=](const OperatorSettings& settings = {}) {
      return std::make_unique<WindowOperator<T, KeySelector, Assigner, Kept, Emit, Out>>(
          selector, setup.assigner, kept, emit, settings);
    };
  } else if constexpr (!std::is_same_v<typename Setup::Evictor, NoEvictor>) {
    using Evicted = EvictedWindow<T, Kept, typename Setup::Evictor>;
    require_serializable<T>();
    return make_triggered<T, Out>(std::move(selector), setup.with_real_trigger(),
                                  Evicted{std::move(kept), setup.evictor}, std::move(emit));
  } else {
    static_assert(!Assigner::kMerging || kMerges<Kept>,
                  "session windows merge: the aggregate function needs merge(from, into) "
                  "(weir/function/functions.h)");
    return make_triggered<T, Out>(std::move(selector), setup.with_real_trigger(), std::move(kept),
                                  std::move(emit));
  }
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
