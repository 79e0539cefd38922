#pragma once

#include <concepts>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "weir/connector/print_sink.h"
#include "weir/connector/sink.h"
#include "weir/detail/connector/sink_operator.h"
#include "weir/detail/stream/batch_keys.h"
#include "weir/detail/stream/key_check_operator.h"
#include "weir/detail/stream/operator_handle.h"
#include "weir/detail/stream/partitioners.h"
#include "weir/detail/stream/process_operators.h"
#include "weir/detail/stream/stateless_operators.h"
#include "weir/detail/stream/stream_graph.h"
#include "weir/detail/stream/timestamps_operator.h"
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
template <class Kind, class A, class B>
class TwoStreams;
template <class T>
class BroadcastStream;
template <class A, class B>
class BroadcastConnectedStream;

template <class T, class Partitions>
class PartitionWindowedStream;

namespace detail {
struct PairsOfWindow;
struct GroupsOfWindow;
struct SubtaskPartitions;
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

  /// Keeps some elements of a std::tuple or std::pair, in any order: project<2, 0>().
  template <size_t... Index>
  auto project() const {
    constexpr bool kTuple = requires { std::tuple_size<T>::value; };
    static_assert(kTuple,
                  "project: the records have no numbered elements; for a struct name its members: "
                  "project(&T::a, &T::b)");
    static_assert(sizeof...(Index) > 0, "project: name at least one element");
    if constexpr (kTuple && sizeof...(Index) > 0) {
      constexpr bool kInRange = ((Index < std::tuple_size<T>::value) && ...);
      static_assert(kInRange, "project: the records have fewer elements");
      if constexpr (kInRange) {
        return map([](const T& record) {
                 return std::tuple<std::tuple_element_t<Index, T>...>(std::get<Index>(record)...);
               })
            .name("project");
      }
    }
  }
  /// Keeps some members of a struct, as a std::tuple: project(&T::b, &T::a).
  template <class... Members>
  requires(sizeof...(Members) > 0) auto project(Members... members) const {
    static_assert(
        ((std::is_member_object_pointer_v<Members> && std::is_invocable_v<Members, const T&>) &&
         ...),
        "project: the arguments are pointers to members of the record");
    (detail::check_function(*graph_, "project", members), ...);
    return map([members...](const T& record) {
             return std::tuple<std::remove_cvref_t<std::invoke_result_t<Members, const T&>>...>(
                 record.*members...);
           })
        .name("project");
  }

  /// Calls a ProcessFunction<T, Out> for each record. `function` is copied for each subtask.
  template <class Fn>
  auto process(Fn function) const {
    static_assert(
        requires { requires std::derived_from<Fn, ProcessFunction<T, typename Fn::Output>>; },
        "process: the function must be a weir::ProcessFunction of this stream's type of records; a "
        "KeyedProcessFunction needs key_by()");
    auto node = detail::node_of("process", inputs_, [function = std::move(function)] {
      return std::make_unique<detail::ProcessOperator<Fn>>(function);
    });
    node.has_side_outputs = true;
    return SingleOutputStreamOperator<typename Fn::Output>::add(graph_, std::move(node));
  }

  /// Gives the records timestamps and makes watermarks behind other operators, such as one that
  /// parses. Those of the source are replaced. Prefer a strategy at from_source(), which knows the
  /// splits: here all records of a subtask count as one split. Begins a new chain.
  SingleOutputStreamOperator<T> assign_timestamps_and_watermarks(
      WatermarkStrategy<T> strategy) const {
    return SingleOutputStreamOperator<T>::add(
        graph_, detail::timestamps_node<T>(*graph_, inputs_, std::move(strategy)));
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

  /// Joins the records of this stream with those of the other one that have the same key and are in
  /// the same window:
  ///
  ///   clicks.join(views).where(&Click::user).equal_to(&View::user)
  ///       .window(weir::TumblingEventTimeWindows::of(1min))
  ///       .apply([](const Click& click, const View& view) { return … });
  ///
  /// A window without records of one stream has no results; co_group() gives it to the function.
  /// All records of a window are kept in state. Late records are dropped and counted.
  template <class B>
  TwoStreams<detail::PairsOfWindow, T, B> join(const DataStream<B>& other) const {
    return TwoStreams<detail::PairsOfWindow, T, B>(graph_, *this, other);
  }
  template <class B>
  TwoStreams<detail::GroupsOfWindow, T, B> co_group(const DataStream<B>& other) const {
    return TwoStreams<detail::GroupsOfWindow, T, B>(graph_, *this, other);
  }

  /// Connects this stream with a broadcast one, for an operator that processes this stream's
  /// records by the state that the broadcast records change.
  template <class B>
  BroadcastConnectedStream<T, B> connect(const BroadcastStream<B>& other) const {
    return BroadcastConnectedStream<T, B>(
        graph_, detail::inputs_of_both(*graph_, inputs_, *other.graph_, other.inputs_),
        other.declarations_);
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

  /// Takes a stream for one by key whose records are already where key_by(selector) would send
  /// them: behind an operator with keys that does not change them. Saves the exchange. Parallelism
  /// and max parallelism must be those of that operator. A record whose key belongs to another
  /// subtask fails the job.
  template <class Selector>
  auto reinterpret_as_keyed_stream(Selector selector) const {
    static_assert(std::is_invocable_v<const Selector&, const T&>,
                  "reinterpret_as_keyed_stream: the selector is a pointer to a member of the "
                  "record, or a function that takes a const T& and is const itself");
    using K = detail::KeyOf<T, Selector>;
    detail::require_key<K>();
    detail::check_function(*graph_, "reinterpret_as_keyed_stream", selector);
    auto node = detail::node_of("check keys", forward().inputs_, [selector] {
      return std::make_unique<detail::KeyCheckOperator<T, Selector>>(selector);
    });
    node.reinterprets_keys = true;
    const auto checked = SingleOutputStreamOperator<T>::add(graph_, std::move(node)).forward();
    return KeyedStream<T, K, Selector>(graph_, checked.inputs_, std::move(selector));
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

  /// Makes one window of all records of each subtask, at the end of the input, which must be
  /// bounded. The records are sent as by forward(), or as a partitioning before it says, such as
  /// rebalance().
  PartitionWindowedStream<T, detail::SubtaskPartitions> full_window_partition() const {
    return {graph_, inputs_, {}};
  }

  /// Sends the records of subtask i to subtask i of the next operator. The job is refused if their
  /// parallelisms differ. Without this call they are then rebalanced.
  DataStream forward() const {
    auto inputs = partitioned(Partitioning::kForward);
    for (detail::StreamInput& input : inputs) input.forward_only = true;
    return DataStream(graph_, std::move(inputs));
  }
  /// Distributes records over all subtasks of the next operator, batch by batch.
  DataStream rebalance() const { return DataStream(graph_, partitioned(Partitioning::kRebalance)); }
  /// Distributes the records of a subtask, batch by batch, over its share of the subtasks of the
  /// next operator. If one operator has n times as many subtasks as the other, each of the lesser
  /// ones exchanges records with n of the greater ones. Costs less than rebalance(), but does not
  /// even out what the shares get.
  DataStream rescale() const { return DataStream(graph_, partitioned(Partitioning::kRescale)); }
  /// Sends each record to a subtask of the next operator that is chosen at random, with equal
  /// chances.
  DataStream shuffle() const { return DataStream(graph_, partitioned(Partitioning::kShuffle)); }
  /// Sends all records to the first subtask of the next operator.
  DataStream global() const { return DataStream(graph_, partitioned(Partitioning::kGlobal)); }
  /// Sends each record to the subtask `partitioner(key, number of subtasks)` of the next operator,
  /// counted from 0. Another answer fails the job. `selector`: as in key_by(); the key may be of
  /// any type. Both are copied for each subtask, and are const.
  template <class P, class Selector>
  DataStream partition_custom(P partitioner, Selector selector) const {
    static_assert(std::is_invocable_v<const Selector&, const T&>,
                  "partition_custom: the selector is a pointer to a member of the record, or a "
                  "function that takes a const T& and is const itself");
    static_assert(std::is_invocable_r_v<int, const P&, const detail::KeyOf<T, Selector>&, int>,
                  "partition_custom: the partitioner takes a key and the number of subtasks, "
                  "returns the number of a subtask, and is const");
    detail::check_function(*graph_, "partition_custom", partitioner);
    detail::check_function(*graph_, "partition_custom", selector);
    auto inputs = partitioned(Partitioning::kCustom);
    const auto shared = std::make_shared<const detail::TypedPartitioner<T, P, Selector>>(
        std::move(partitioner), std::move(selector));
    for (detail::StreamInput& input : inputs) input.partitioner = shared;
    return DataStream(graph_, std::move(inputs));
  }

  /// Sends all records to every subtask of the next operator.
  DataStream broadcast() const { return DataStream(graph_, partitioned(Partitioning::kBroadcast)); }
  /// The same, for connect(): every subtask keeps a copy of the described states, which the records
  /// of this stream change.
  template <class K, class V, class... Others>
  BroadcastStream<T> broadcast(MapStateDescriptor<K, V> state, Others... others) const {
    static_assert((detail::kIsMapDescriptor<Others> && ...),
                  "broadcast: the arguments describe broadcast states, which are maps: "
                  "weir::MapStateDescriptor<K, V>");
    return BroadcastStream<T>(graph_, partitioned(Partitioning::kBroadcast),
                              {detail::declaration_of(*graph_, std::move(state)),
                               detail::declaration_of(*graph_, std::move(others))...});
  }

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
  /// of Out. `delays_event_time`: it is an EventTimeOperator that keeps watermarks among its
  /// records.
  template <class Out, class Make>
  SingleOutputStreamOperator<Out> transform(std::string name, Make make,
                                            bool delays_event_time = false) const {
    auto node = detail::node_of(std::move(name), inputs_, std::move(make));
    node.has_side_outputs = true;
    node.delays_event_time = node.makes_event_time = node.starts_chain = delays_event_time;
    node.timestamps = detail::StreamNode::Timestamps::kGiven;
    return SingleOutputStreamOperator<Out>::add(graph_, std::move(node));
  }
  /// For functions that add custom operators: execute() refuses the job with this sentence.
  void report_problem(std::string problem) const { graph_->problems.push_back(std::move(problem)); }

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
      input.partitioner = nullptr;
      input.forward_only = false;
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
#include "weir/stream/broadcast_stream.h"
#include "weir/stream/connected_streams.h"
#include "weir/stream/interval_join.h"
#include "weir/stream/joined_streams.h"
#include "weir/stream/keyed_stream.h"
#include "weir/stream/partition_windowed_stream.h"
