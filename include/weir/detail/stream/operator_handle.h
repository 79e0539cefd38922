#pragma once

// The calls of streams share this: making nodes of the graph, and changing their settings.

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <typeindex>
#include <utility>
#include <vector>

#include "weir/detail/state/operator_states.h"
#include "weir/detail/stream/stream_graph.h"
#include "weir/operator/collector.h"
#include "weir/types/types.h"

namespace weir::detail {

/// The key of a stream whose records are all in the same windows.
struct OneKey {
  template <class T>
  int8_t operator()(const T&) const {
    return 0;
  }
};

template <class>
inline constexpr bool kIsMapDescriptor = false;
template <class K, class V>
inline constexpr bool kIsMapDescriptor<MapStateDescriptor<K, V>> = true;

/// Returns what declares the described broadcast state in an operator.
template <class K, class V>
std::function<void(OperatorStates&)> declaration_of(StreamGraph& graph,
                                                    MapStateDescriptor<K, V> descriptor) {
  require_serializable<K>();
  require_serializable<V>();
  if (descriptor.name.empty())
    graph.problems.push_back("broadcast is given a descriptor with an empty name");
  return [descriptor = std::move(descriptor)](OperatorStates& states) {
    states.broadcast(descriptor);
  };
}

/// The type of the records that a flat_map function collects, deduced from its second parameter.
template <class>
struct CollectedBy;
template <class R, class A, class Out>
struct CollectedBy<R (*)(A, Collector<Out>&)> {
  using Type = Out;
};
template <class C, class R, class A, class Out>
struct CollectedBy<R (C::*)(A, Collector<Out>&)> {
  using Type = Out;
};
template <class C, class R, class A, class Out>
struct CollectedBy<R (C::*)(A, Collector<Out>&) const> {
  using Type = Out;
};
template <class F>
requires requires { &F::operator(); }
struct CollectedBy<F> : CollectedBy<decltype(&F::operator())> {};

/// True if the function can be called with a record of T, which it may take over.
template <class T, class F>
inline constexpr bool kTakesRecord =
    std::is_invocable_v<F&, T&&> || std::is_invocable_v<F&, const T&>;

/// Makes a node whose factory calls `make` once for each subtask. Each call copies the program's
/// functions, and such a copy may throw. `make` itself is not copied.
template <class Make>
StreamNode node_of(std::string name, std::vector<StreamInput> inputs, Make make) {
  StreamNode node;
  node.name = std::move(name);
  node.inputs = std::move(inputs);
  node.factory = [make = std::make_shared<const Make>(std::move(make))](
                     const OperatorSettings&) -> std::unique_ptr<Operator> { return (*make)(); };
  return node;
}

/// Settings of an operator that was already added. Each call changes the operator and returns the
/// same stream.
template <class Derived>
class OperatorHandle {
 public:
  /// The name in --explain, messages and metrics. Must not be empty.
  Derived name(std::string name) const {
    if (name.empty())
      graph_->problems.push_back("operator '" + node().name + "' is given an empty name");
    node().name = std::move(name);
    return self();
  }
  /// Identifies the operator's state in checkpoints. Set it for every operator with state, and
  /// never change it: a generated uid changes with the operator's name. Must not be empty.
  Derived uid(std::string uid) const {
    if (uid.empty())
      graph_->problems.push_back("operator '" + node().name +
                                 "' is given an empty uid; leave the call out to have one made");
    node().uid = std::move(uid);
    return self();
  }
  /// The operator takes the state that a checkpoint has under this id, 32 hexadecimal digits; if
  /// there is none, that of its uid. For the state of an operator that had no uid in Flink, or
  /// whose uid is lost. Later checkpoints have the state under the uid.
  Derived set_uid_hash(std::string hash) const {
    if (hash.empty())
      graph_->problems.push_back("operator '" + node().name + "' is given an empty uid hash");
    node().uid_hash = std::move(hash);
    return self();
  }
  Derived set_parallelism(int parallelism) const {
    node().parallelism = parallelism;
    return self();
  }
  /// Number of key groups of its keyed state. This is the maximum parallelism, and is fixed for the
  /// life of the state.
  Derived set_max_parallelism(int max_parallelism) const {
    node().max_parallelism = max_parallelism;
    return self();
  }
  /// A batch of its results that is not full leaves for other tasks after this time; 0: at once;
  /// -1: only when it is full, or its slot has nothing else to do. The default is that of the job.
  Derived set_buffer_timeout(std::chrono::milliseconds timeout) const {
    if (timeout.count() < -1) {
      graph_->problems.push_back("operator '" + node().name + "' is given a buffer timeout of " +
                                 std::to_string(timeout.count()) +
                                 " ms; it must be 0 or more, or -1 for none");
    }
    node().buffer_timeout_ms = timeout.count();
    return self();
  }
  /// A text about the operator for people; --explain and the REST interface show it. Unlike the
  /// name, it may be long, and it is no part of metrics or of a generated uid.
  Derived set_description(std::string description) const {
    node().description = std::move(description);
    return self();
  }
  /// Runs the operator in a task of its own.
  Derived disable_chaining() const {
    node().chaining = false;
    return self();
  }
  /// Runs the operator in another task than the operator before it. Those behind it may join.
  Derived start_new_chain() const {
    node().starts_chain = true;
    return self();
  }
  /// Only "default" has a meaning: a slot of weir is a thread that runs one subtask of every
  /// operator. The job is refused with another name.
  Derived slot_sharing_group(const std::string& group) const {
    if (group != "default") {
      graph_->problems.push_back(
          "operator '" + node().name + "' is given the slot sharing group '" + group +
          "', and there is only \"default\": a slot runs one subtask of every operator. Leave the "
          "call out; set_parallelism() limits the slots that an operator uses");
    }
    return self();
  }

 protected:
  OperatorHandle(std::shared_ptr<StreamGraph> graph, int index)
      : graph_(std::move(graph)), index_(index) {}

  /// Returns one of its side outputs, which is read from now on.
  StreamInput side_output(const std::string& name, std::type_index type,
                          std::shared_ptr<const RecordCodec> codec) const {
    StreamInput input{index_, Partitioning::kForward, nullptr, std::move(codec)};
    input.output = read_side_output(*graph_, node(), name, type);
    return input;
  }
  const std::shared_ptr<StreamGraph>& graph() const { return graph_; }

 private:
  StreamNode& node() const { return graph_->nodes[static_cast<size_t>(index_)]; }
  const Derived& self() const { return static_cast<const Derived&>(*this); }

  std::shared_ptr<StreamGraph> graph_;
  int index_;
};

inline int add_node(StreamGraph& graph, StreamNode node) {
  graph.nodes.push_back(std::move(node));
  return static_cast<int>(graph.nodes.size()) - 1;
}

}  // namespace weir::detail
