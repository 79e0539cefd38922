#pragma once

#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "weir/detail/stream/field_reductions.h"
#include "weir/detail/stream/keyed_operators.h"
#include "weir/function/functions.h"
#include "weir/stream/data_stream.h"
#include "weir/stream/windowed_stream.h"

namespace weir {

template <class T, class K, class KeySelector, class Assigner>
class WindowedStream;

/// A stream that sends all records of a key to the same subtask, which keeps state for each key. A
/// value. Set a uid() on each operator made from it: it identifies the operator's state.
template <class T, class K, class KeySelector>
class KeyedStream {
 public:
  using Record = T;
  using Key = K;

  /// Emits for each record the reduction of all records of its key so far: the first record, then
  /// `f(so_far, record)`.
  template <class F>
  SingleOutputStreamOperator<T> reduce(F f) const {
    detail::require_serializable<T>();
    static_assert(std::is_invocable_r_v<T, F&, T, const T&>,
                  "reduce: the function takes what there is so far (T or const T&) and a const T&, "
                  "and returns a T");
    detail::check_function(*graph_, "reduce", f);
    return add<T>("reduce", [selector = selector_, f = std::move(f)] {
      return std::make_unique<detail::ReduceOperator<T, KeySelector, F>>(selector, f);
    });
  }

  /// Emits for each record the sum, minimum or maximum of a member over all records of its key so
  /// far. The other members are those of the key's first record.
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

  /// `function`: a KeyedProcessFunction<K, T, Out>, which is copied for each subtask.
  template <class Fn>
  auto process(Fn function) const {
    static_assert(
        requires {
          requires std::derived_from<Fn, KeyedProcessFunction<K, T, typename Fn::Output>>;
        },
        "process: the function must be a weir::KeyedProcessFunction of this stream's types of key "
        "and record");
    return add<typename Fn::Output>("process", [selector = selector_,
                                                function = std::move(function)] {
      return std::make_unique<detail::KeyedProcessOperator<Fn, T, KeySelector>>(selector, function);
    });
  }

  /// `assigner`: for example TumblingEventTimeWindows::of(1h).
  template <class Assigner>
  WindowedStream<T, K, KeySelector, Assigner> window(Assigner assigner) const {
    static_assert(
        std::is_same_v<decltype(std::as_const(assigner).window_of(Timestamp{})), TimeWindow>,
        "window: that assigns no windows");
    detail::note_problem_of(*graph_, assigner);
    return WindowedStream<T, K, KeySelector, Assigner>(graph_, inputs_, selector_,
                                                       std::move(assigner));
  }

 private:
  friend class DataStream<T>;
  KeyedStream(std::shared_ptr<detail::StreamGraph> graph, std::vector<detail::StreamInput> inputs,
              KeySelector selector)
      : graph_(std::move(graph)), inputs_(std::move(inputs)), selector_(std::move(selector)) {}

  template <class Out, class Make>
  SingleOutputStreamOperator<Out> add(std::string name, Make make) const {
    return SingleOutputStreamOperator<Out>::add(
        graph_, detail::node_of(std::move(name), inputs_, std::move(make)));
  }

  std::shared_ptr<detail::StreamGraph> graph_;
  std::vector<detail::StreamInput> inputs_;
  KeySelector selector_;
};

}  // namespace weir
