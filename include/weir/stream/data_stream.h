#pragma once

#include <concepts>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "weir/connector/print_sink.h"
#include "weir/connector/sink.h"
#include "weir/detail/connector/sink_operator.h"
#include "weir/detail/stream/batch_keys.h"
#include "weir/detail/stream/process_operators.h"
#include "weir/detail/stream/stateless_operators.h"
#include "weir/detail/stream/stream_graph.h"
#include "weir/detail/types/record_codec_of.h"
#include "weir/operator/collector.h"
#include "weir/types/types.h"

namespace weir {

template <class T>
class SingleOutputStreamOperator;
template <class T>
class DataStreamSink;
template <class T, class K, class KeySelector>
class KeyedStream;
template <class T, class Inner>
class AllWindowedStream;
template <class A, class B>
class ConnectedStreams;

namespace detail {

/// The key of a stream whose records are all in the same windows.
struct OneKey {
  template <class T>
  int8_t operator()(const T&) const {
    return 0;
  }
};

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
  /// Runs the operator in a task of its own.
  Derived disable_chaining() const {
    node().chaining = false;
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

}  // namespace detail

/// A stream of records of one type. A value: copies are the same stream, and a stream may be used
/// several times. Functions are copied for each subtask, and one thread calls each copy. An
/// exception in a function fails the job with the operator's name.
template <class T>
class DataStream {
 public:
  using Record = T;

  /// `f(record)` returns the new record, which keeps the timestamp of the old one. `f` may also be
  /// a pointer to member.
  template <class F>
  auto map(F f) const {
    static_assert(detail::kTakesRecord<T, F>,
                  "map: the function is called with a record, as const T&, T or T&&");
    using Out = std::remove_cvref_t<detail::ResultOfRecord<T, F>>;
    static_assert(!std::is_void_v<Out>, "map: the function must return the new record");
    detail::check_function(*graph_, "map", f);
    return add<Out>(
        "map", [f = std::move(f)] { return std::make_unique<detail::MapOperator<T, Out, F>>(f); });
  }

  /// Keeps the records for which `f(record)` is true.
  template <class F>
  SingleOutputStreamOperator<T> filter(F f) const {
    static_assert(std::is_invocable_r_v<bool, F&, const T&>,
                  "filter: the function takes a const T& and returns bool");
    detail::check_function(*graph_, "filter", f);
    return add<T>("filter",
                  [f = std::move(f)] { return std::make_unique<detail::FilterOperator<T, F>>(f); });
  }

  /// `f(record, collector)` collects any number of new records. Their type is that of the
  /// collector: `f` takes a `weir::Collector<Out>&`, or the caller names it with flat_map<Out>(f).
  template <class Out = void, class F>
  auto flat_map(F f) const {
    if constexpr (std::is_void_v<Out>) {
      constexpr bool kKnown = requires { typename detail::CollectedBy<F>::Type; };
      static_assert(kKnown,
                    "flat_map: the type of the new records is not known from a generic function: "
                    "let it take a weir::Collector<Out>&, or write "
                    "flat_map<Out>(f)");
      if constexpr (kKnown) return flat_map<typename detail::CollectedBy<F>::Type>(std::move(f));
      else return *this;
    } else {
      static_assert(std::is_invocable_v<F&, const T&, Collector<Out>&>,
                    "flat_map: the function takes a const T& and a weir::Collector<Out>&");
      detail::check_function(*graph_, "flat_map", f);
      return add<Out>("flat_map", [f = std::move(f)] {
        return std::make_unique<detail::FlatMapOperator<T, Out, F>>(f);
      });
    }
  }

  /// Calls a ProcessFunction<T, Out> for each record. `function` is copied for each subtask.
  template <class Fn>
  auto process(Fn function) const {
    static_assert(
        requires { requires std::derived_from<Fn, ProcessFunction<T, typename Fn::Output>>; },
        "process: the function must be a weir::ProcessFunction of this stream's type of records; a "
        "KeyedProcessFunction needs key_by()");
    return transform<typename Fn::Output>("process", [function = std::move(function)] {
      return std::make_unique<detail::ProcessOperator<Fn>>(function);
    });
  }

  /// Merges this stream with others of the same type, in no particular order.
  template <class... Streams>
  DataStream union_with(const Streams&... others) const {
    static_assert((std::is_base_of_v<DataStream, Streams> && ...),
                  "union_with: the streams must have the same type of records");
    DataStream all = *this;
    (all.take_inputs(others), ...);
    return all;
  }

  /// Connects this stream with another one, for an operator that processes each in its own way.
  template <class B>
  ConnectedStreams<T, B> connect(const DataStream<B>& other) const {
    return ConnectedStreams<T, B>(
        graph_, *this, other,
        detail::inputs_of_both(*graph_, inputs_, *other.graph_, other.inputs_));
  }

  /// Sends records with the same key to the same subtask, which keeps state for each key.
  /// `selector` is a pointer to member or a function of the record. It must always return the same
  /// key for the same record.
  template <class Selector>
  auto key_by(Selector selector) const {
    static_assert(std::is_invocable_v<const Selector&, const T&>,
                  "key_by: the selector is a pointer to a member of the record, or a function that "
                  "takes a const T& and is const itself");
    using K = detail::KeyOf<T, Selector>;
    detail::require_key<K>();
    detail::check_function(*graph_, "key_by", selector);
    auto hasher = std::make_shared<const detail::TypedKeyHasher<T, Selector>>(selector);
    return KeyedStream<T, K, Selector>(graph_, partitioned(Partitioning::kHash, std::move(hasher)),
                                       std::move(selector));
  }

  /// Windows of the whole stream, which one subtask processes. Prefer key_by() and window().
  template <class Assigner>
  auto window_all(Assigner assigner) const {
    auto windowed = key_by(detail::OneKey()).window(std::move(assigner));
    return AllWindowedStream<T, decltype(windowed)>(std::move(windowed));
  }
  /// Windows of n records of the whole stream, and the last n at every slide-th record; see
  /// KeyedStream::count_window().
  auto count_window_all(int64_t n) const {
    auto windowed = key_by(detail::OneKey()).count_window(n);
    return AllWindowedStream<T, decltype(windowed)>(std::move(windowed));
  }
  auto count_window_all(int64_t n, int64_t slide) const {
    auto windowed = key_by(detail::OneKey()).count_window(n, slide);
    return AllWindowedStream<T, decltype(windowed)>(std::move(windowed));
  }

  /// Distributes records over all subtasks of the next operator, batch by batch.
  DataStream rebalance() const { return DataStream(graph_, partitioned(Partitioning::kRebalance)); }
  /// Sends all records to every subtask of the next operator.
  DataStream broadcast() const { return DataStream(graph_, partitioned(Partitioning::kBroadcast)); }

  /// `sink`: a Sink<T>, which is copied.
  template <class SinkT>
  DataStreamSink<T> sink_to(SinkT sink) const {
    static_assert(std::is_base_of_v<Sink<T>, SinkT>,
                  "sink_to: the sink must be a weir::Sink of this stream's type of records");
    detail::note_problem_of(*graph_, sink);
    const auto shared = std::make_shared<const SinkT>(std::move(sink));
    auto node = detail::node_of("sink", inputs_, [shared] {
      return std::make_unique<detail::SinkOperator<T, SinkT>>(shared);
    });
    node.probe = [shared](FileSystemRegistry& files) { return shared->probe(files); };
    return DataStreamSink<T>(graph_, detail::add_node(*graph_, std::move(node)));
  }

  /// Prints each record to standard output, as a line.
  DataStreamSink<T> print() const {
    static_assert(std::is_default_constructible_v<PrintSink<T>>,
                  "print: the record needs an operator<< or WEIR_FIELDS; or use "
                  "sink_to(weir::PrintSink<T>(format))");
    return sink_to(PrintSink<T>()).name("print");
  }

  /// Adds a custom operator. `make()` returns an Operator that takes batches of T and emits batches
  /// of Out.
  template <class Out, class Make>
  SingleOutputStreamOperator<Out> transform(std::string name, Make make) const {
    auto node = detail::node_of(std::move(name), inputs_, std::move(make));
    node.has_side_outputs = true;
    return SingleOutputStreamOperator<Out>::add(graph_, std::move(node));
  }

 protected:
  DataStream(std::shared_ptr<detail::StreamGraph> graph, std::vector<detail::StreamInput> inputs)
      : graph_(std::move(graph)), inputs_(std::move(inputs)) {}

 private:
  template <class>
  friend class DataStream;
  template <class>
  friend class SingleOutputStreamOperator;

  /// Adds an operator without side outputs.
  template <class Out, class Make>
  SingleOutputStreamOperator<Out> add(std::string name, Make make) const {
    return SingleOutputStreamOperator<Out>::add(
        graph_, detail::node_of(std::move(name), inputs_, std::move(make)));
  }
  std::vector<detail::StreamInput> partitioned(
      Partitioning partitioning, std::shared_ptr<const KeyHasher> hasher = nullptr) const {
    std::vector<detail::StreamInput> inputs = inputs_;
    for (detail::StreamInput& input : inputs) {
      input.partitioning = partitioning;
      input.hasher = hasher;
    }
    return inputs;
  }
  void take_inputs(const DataStream& other) {
    if (other.graph_ != graph_) {
      graph_->problems.push_back(
          "union_with is given a stream of another environment; a job has one");
      return;
    }
    inputs_.insert(inputs_.end(), other.inputs_.begin(), other.inputs_.end());
  }

  std::shared_ptr<detail::StreamGraph> graph_;
  std::vector<detail::StreamInput> inputs_;
};

/// The results of an operator, and a handle to its settings.
template <class T>
class SingleOutputStreamOperator : public DataStream<T>,
                                   public detail::OperatorHandle<SingleOutputStreamOperator<T>> {
 public:
  static SingleOutputStreamOperator add(std::shared_ptr<detail::StreamGraph> graph,
                                        detail::StreamNode node) {
    const int index = detail::add_node(*graph, std::move(node));
    return SingleOutputStreamOperator(std::move(graph), index);
  }

  /// Returns the records that the operator's function emits with `context.output(tag, record)`.
  template <class X>
  DataStream<X> get_side_output(const OutputTag<X>& tag) const {
    return DataStream<X>(this->graph(),
                         {this->side_output(tag.name(), typeid(X), detail::record_codec<X>())});
  }

 private:
  SingleOutputStreamOperator(std::shared_ptr<detail::StreamGraph> graph, int index)
      : DataStream<T>(graph, {{index, Partitioning::kForward, nullptr, detail::record_codec<T>()}}),
        detail::OperatorHandle<SingleOutputStreamOperator<T>>(graph, index) {}
};

/// The end of a stream, and a handle to the settings of its sink.
template <class T>
class DataStreamSink : public detail::OperatorHandle<DataStreamSink<T>> {
 private:
  friend class DataStream<T>;
  DataStreamSink(std::shared_ptr<detail::StreamGraph> graph, int index)
      : detail::OperatorHandle<DataStreamSink<T>>(std::move(graph), index) {}
};

}  // namespace weir

#include "weir/stream/all_windowed_stream.h"
#include "weir/stream/connected_streams.h"
#include "weir/stream/keyed_stream.h"
