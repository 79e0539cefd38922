#pragma once

#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "weir/detail/stream/keyed_co_operator.h"
#include "weir/detail/stream/process_operators.h"
#include "weir/function/co_functions.h"
#include "weir/stream/data_stream.h"
#include "weir/stream/keyed_stream.h"

namespace weir {

/// Two streams, also of different types, whose records go to one operator. It processes each stream
/// in its own way. Its event time is that of the stream that is behind. A value.
template <class A, class B>
class ConnectedStreams {
 public:
  /// `f1(record)` returns a new record for each record of the first stream, and `f2(record)` for
  /// each of the second. Both return the same type.
  template <class F1, class F2>
  auto map(F1 f1, F2 f2) const {
    static_assert(detail::kTakesRecord<A, F1>,
                  "map: the first function is called with a record of the first stream");
    static_assert(detail::kTakesRecord<B, F2>,
                  "map: the second function is called with a record of the second stream");
    using Out = std::remove_cvref_t<detail::ResultOfRecord<A, F1>>;
    static_assert(std::is_same_v<Out, std::remove_cvref_t<detail::ResultOfRecord<B, F2>>>,
                  "map: both functions must return the same type");
    static_assert(!std::is_void_v<Out>, "map: the functions must return the new record");
    detail::check_function(*graph_, "map", f1);
    detail::check_function(*graph_, "map", f2);
    using Made =
        detail::CoOperator<detail::MapOperator<A, Out, F1>, detail::MapOperator<B, Out, F2>>;
    return add<Out>(
        "map", [f1 = std::move(f1), f2 = std::move(f2)] { return std::make_unique<Made>(f1, f2); });
  }

  /// `f1(record, collector)` and `f2(record, collector)` collect any number of new records, as in
  /// DataStream::flat_map().
  template <class Out = void, class F1, class F2>
  auto flat_map(F1 f1, F2 f2) const {
    if constexpr (std::is_void_v<Out>) {
      constexpr bool kKnown = requires { typename detail::CollectedBy<F1>::Type; };
      static_assert(kKnown,
                    "flat_map: the type of the new records is not known from a generic function: "
                    "let it take a weir::Collector<Out>&, or write flat_map<Out>(f1, f2)");
      if constexpr (kKnown)
        return flat_map<typename detail::CollectedBy<F1>::Type>(std::move(f1), std::move(f2));
    } else {
      static_assert(std::is_invocable_v<F1&, const A&, Collector<Out>&>,
                    "flat_map: the first function takes a const A& and a weir::Collector<Out>&");
      static_assert(std::is_invocable_v<F2&, const B&, Collector<Out>&>,
                    "flat_map: the second function takes a const B& and a weir::Collector<Out>&, "
                    "with the same Out as the first");
      detail::check_function(*graph_, "flat_map", f1);
      detail::check_function(*graph_, "flat_map", f2);
      using Made = detail::CoOperator<detail::FlatMapOperator<A, Out, F1>,
                                      detail::FlatMapOperator<B, Out, F2>>;
      return add<Out>("flat_map", [f1 = std::move(f1), f2 = std::move(f2)] {
        return std::make_unique<Made>(f1, f2);
      });
    }
  }

  /// Calls a CoProcessFunction<A, B, Out> for each record. `function` is copied for each subtask.
  template <class Fn>
  auto process(Fn function) const {
    static_assert(
        requires { requires std::derived_from<Fn, CoProcessFunction<A, B, typename Fn::Output>>; },
        "process: the function must be a weir::CoProcessFunction of the types of both streams; "
        "a KeyedCoProcessFunction needs key_by() on both");
    return add<typename Fn::Output>(
        "process",
        [function = std::move(function)] {
          return std::make_unique<detail::CoProcessOperator<Fn>>(function);
        },
        true);
  }

  /// Sends records of both streams with the same key to the same subtask. The selectors are as in
  /// DataStream::key_by(), and return the same type.
  template <class Selector1, class Selector2>
  auto key_by(Selector1 selector1, Selector2 selector2) const {
    return first_.key_by(std::move(selector1)).connect(second_.key_by(std::move(selector2)));
  }

 private:
  template <class>
  friend class DataStream;
  ConnectedStreams(std::shared_ptr<detail::StreamGraph> graph, DataStream<A> first,
                   DataStream<B> second, std::vector<detail::StreamInput> inputs)
      : graph_(std::move(graph)),
        first_(std::move(first)),
        second_(std::move(second)),
        inputs_(std::move(inputs)) {}

  template <class Out, class Make>
  SingleOutputStreamOperator<Out> add(std::string name, Make make,
                                      bool has_side_outputs = false) const {
    auto node = detail::node_of(std::move(name), inputs_, std::move(make));
    node.has_side_outputs = has_side_outputs;
    return SingleOutputStreamOperator<Out>::add(graph_, std::move(node));
  }

  std::shared_ptr<detail::StreamGraph> graph_;
  DataStream<A> first_;
  DataStream<B> second_;
  std::vector<detail::StreamInput> inputs_;
};

/// Two streams with keys of one type. Records of both with the same key go to the same subtask and
/// share the state of the key. A value.
template <class A, class B, class K, class Selector1, class Selector2>
class KeyedConnectedStreams {
 public:
  /// Calls a KeyedCoProcessFunction<K, A, B, Out> for each record and timer. `function` is copied
  /// for each subtask. Give the result a uid(), which names its state in checkpoints.
  template <class Fn>
  auto process(Fn function) const {
    static_assert(
        requires {
          requires std::derived_from<Fn, KeyedCoProcessFunction<K, A, B, typename Fn::Output>>;
        },
        "process: the function must be a weir::KeyedCoProcessFunction of the key and of the types "
        "of both streams");
    auto node = detail::node_of(
        "process", inputs_,
        [selector1 = selector1_, selector2 = selector2_, function = std::move(function)] {
          return std::make_unique<detail::KeyedCoProcessOperator<Fn, Selector1, Selector2>>(
              selector1, selector2, function);
        });
    node.has_side_outputs = true;
    return SingleOutputStreamOperator<typename Fn::Output>::add(graph_, std::move(node));
  }

 private:
  template <class, class, class>
  friend class KeyedStream;
  KeyedConnectedStreams(std::shared_ptr<detail::StreamGraph> graph,
                        std::vector<detail::StreamInput> inputs, Selector1 selector1,
                        Selector2 selector2)
      : graph_(std::move(graph)),
        inputs_(std::move(inputs)),
        selector1_(std::move(selector1)),
        selector2_(std::move(selector2)) {}

  std::shared_ptr<detail::StreamGraph> graph_;
  std::vector<detail::StreamInput> inputs_;
  Selector1 selector1_;
  Selector2 selector2_;
};

}  // namespace weir
