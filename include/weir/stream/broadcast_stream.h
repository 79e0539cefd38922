#pragma once

#include <concepts>
#include <memory>
#include <utility>
#include <vector>

#include "weir/detail/stream/broadcast_operators.h"
#include "weir/function/broadcast_functions.h"
#include "weir/stream/data_stream.h"
#include "weir/stream/keyed_stream.h"

namespace weir {

/// A stream all of whose records go to every subtask of the operator that it is connected to, and
/// the states that they change there: see DataStream::broadcast(). A value.
template <class T>
class BroadcastStream {
 private:
  template <class>
  friend class DataStream;
  template <class, class, class>
  friend class KeyedStream;
  BroadcastStream(std::shared_ptr<detail::StreamGraph> graph,
                  std::vector<detail::StreamInput> inputs,
                  detail::BroadcastDeclarations declarations)
      : graph_(std::move(graph)),
        inputs_(std::move(inputs)),
        declarations_(std::move(declarations)) {}

  std::shared_ptr<detail::StreamGraph> graph_;
  std::vector<detail::StreamInput> inputs_;
  detail::BroadcastDeclarations declarations_;
};

/// A stream and a broadcast stream whose records go to one operator. A value.
template <class A, class B>
class BroadcastConnectedStream {
 public:
  /// Calls a BroadcastProcessFunction<A, B, Out> for each record. `function` is copied for each
  /// subtask. Give the result a uid(), which names its broadcast state in checkpoints.
  template <class Fn>
  auto process(Fn function) const {
    static_assert(
        requires {
          requires std::derived_from<Fn, BroadcastProcessFunction<A, B, typename Fn::Output>>;
        },
        "process: the function must be a weir::BroadcastProcessFunction of the types of both "
        "streams; a KeyedBroadcastProcessFunction needs key_by() before connect()");
    auto node = detail::node_of(
        "process", inputs_, [declarations = declarations_, function = std::move(function)] {
          return std::make_unique<detail::BroadcastProcessOperator<Fn>>(declarations, function);
        });
    node.has_side_outputs = true;
    return SingleOutputStreamOperator<typename Fn::Output>::add(graph_, std::move(node));
  }

 private:
  template <class>
  friend class DataStream;
  BroadcastConnectedStream(std::shared_ptr<detail::StreamGraph> graph,
                           std::vector<detail::StreamInput> inputs,
                           detail::BroadcastDeclarations declarations)
      : graph_(std::move(graph)),
        inputs_(std::move(inputs)),
        declarations_(std::move(declarations)) {}

  std::shared_ptr<detail::StreamGraph> graph_;
  std::vector<detail::StreamInput> inputs_;
  detail::BroadcastDeclarations declarations_;
};

/// The same for a stream with keys.
template <class A, class B, class K, class KeySelector>
class KeyedBroadcastConnectedStream {
 public:
  /// Calls a KeyedBroadcastProcessFunction<K, A, B, Out> for each record and timer. `function` is
  /// copied for each subtask. Give the result a uid(), which names its state in checkpoints.
  template <class Fn>
  auto process(Fn function) const {
    static_assert(
        requires {
          requires std::derived_from<Fn,
                                     KeyedBroadcastProcessFunction<K, A, B, typename Fn::Output>>;
        },
        "process: the function must be a weir::KeyedBroadcastProcessFunction of the key and of the "
        "types of both streams");
    using Made = detail::KeyedBroadcastProcessOperator<Fn, KeySelector>;
    auto node = detail::node_of(
        "process", inputs_,
        [selector = selector_, declarations = declarations_, function = std::move(function)] {
          return std::make_unique<Made>(selector, declarations, function);
        });
    node.has_side_outputs = true;
    return SingleOutputStreamOperator<typename Fn::Output>::add(graph_, std::move(node));
  }

 private:
  template <class, class, class>
  friend class KeyedStream;
  KeyedBroadcastConnectedStream(std::shared_ptr<detail::StreamGraph> graph,
                                std::vector<detail::StreamInput> inputs,
                                detail::BroadcastDeclarations declarations, KeySelector selector)
      : graph_(std::move(graph)),
        inputs_(std::move(inputs)),
        declarations_(std::move(declarations)),
        selector_(std::move(selector)) {}

  std::shared_ptr<detail::StreamGraph> graph_;
  std::vector<detail::StreamInput> inputs_;
  detail::BroadcastDeclarations declarations_;
  KeySelector selector_;
};

}  // namespace weir
