#pragma once

#include <concepts>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "weir/detail/stream/field_reductions.h"
#include "weir/detail/stream/keyed_operators.h"
#include "weir/function/functions.h"
#include "weir/stream/data_stream.h"
#include "weir/stream/windowed_stream.h"
#include "weir/window/windows.h"

namespace weir {

template <class T, class K, class KeySelector, class Setup>
class WindowedStream;
template <class T, class Partitions>
class PartitionWindowedStream;
namespace detail {
template <class K, class Selector>
struct KeyPartitions;
}
template <class A, class B, class K, class Selector1, class Selector2>
class KeyedConnectedStreams;
template <class L, class R, class K, class Selector1, class Selector2>
class IntervalJoin;
template <class T>
class BroadcastStream;
template <class A, class B, class K, class KeySelector>
class KeyedBroadcastConnectedStream;

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

  /// Emits for each record that one of its key so far that has the least or the greatest value of a
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

  /// `function`: a KeyedProcessFunction<K, T, Out>, which is copied for each subtask.
  template <class Fn>
  auto process(Fn function) const {
    static_assert(
        requires {
          requires std::derived_from<Fn, KeyedProcessFunction<K, T, typename Fn::Output>>;
        },
        "process: the function must be a weir::KeyedProcessFunction of this stream's types of key "
        "and record");
    auto node =
        detail::node_of("process", inputs_, [selector = selector_, function = std::move(function)] {
          return std::make_unique<detail::KeyedProcessOperator<Fn, T, KeySelector>>(selector,
                                                                                    function);
        });
    node.has_side_outputs = true;
    return SingleOutputStreamOperator<typename Fn::Output>::add(graph_, std::move(node));
  }

  /// Connects this stream with another one whose keys have the same type. Records of both with the
  /// same key go to the same subtask and share its state.
  template <class B, class K2, class Selector2>
  KeyedConnectedStreams<T, B, K, KeySelector, Selector2> connect(
      const KeyedStream<B, K2, Selector2>& other) const {
    static_assert(std::is_same_v<K, K2>,
                  "connect: the keys of both streams must have the same type");
    return KeyedConnectedStreams<T, B, K, KeySelector, Selector2>(
        graph_, detail::inputs_of_both(*graph_, inputs_, *other.graph_, other.inputs_), selector_,
        other.selector_);
  }

  /// Joins the records of this stream with those of the other one that have the same key and a
  /// timestamp close to theirs, in event time:
  ///
  ///   orders.key_by(&Order::id)
  ///       .interval_join(payments.key_by(&Payment::order))
  ///       .between(-5s, 15min)
  ///       .process(Match())
  ///
  /// Results have the later timestamp of a pair. Records wait in state until the watermark has
  /// passed the other bound. Records that come after the watermark has passed their own timestamp
  /// join with nothing. Every record needs a timestamp, as in an event-time window.
  template <class B, class K2, class Selector2>
  IntervalJoin<T, B, K, KeySelector, Selector2> interval_join(
      const KeyedStream<B, K2, Selector2>& other) const {
    static_assert(std::is_same_v<K, K2>,
                  "interval_join: the keys of both streams must have the same type");
    return IntervalJoin<T, B, K, KeySelector, Selector2>(
        graph_, detail::inputs_of_both(*graph_, inputs_, *other.graph_, other.inputs_), selector_,
        other.selector_);
  }

  /// Connects this stream with a broadcast one, whose records go to all subtasks.
  template <class B>
  KeyedBroadcastConnectedStream<T, B, K, KeySelector> connect(
      const BroadcastStream<B>& other) const {
    return KeyedBroadcastConnectedStream<T, B, K, KeySelector>(
        graph_, detail::inputs_of_both(*graph_, inputs_, *other.graph_, other.inputs_),
        other.declarations_, selector_);
  }

  /// `assigner`: for example TumblingEventTimeWindows::of(1h); see weir/window/windows.h.
  template <class Assigner>
  auto window(Assigner assigner) const {
    static_assert(detail::WindowAssigner<Assigner>,
                  "window: the argument must be an assigner of windows, such as "
                  "TumblingEventTimeWindows::of(size) (weir/window/windows.h)");
    detail::note_problem_of(*graph_, assigner);
    return windowed(detail::setup_of(std::move(assigner)));
  }
  /// The records of each key as one window, at the end of the input, which must be bounded.
  PartitionWindowedStream<T, detail::KeyPartitions<K, KeySelector>> full_window_partition() const {
    detail::require_serializable<T>();
    return {graph_, inputs_, {selector_}};
  }
  /// Windows of n records of a key, in the order of their arrival. A window with fewer records at
  /// the end of the input is not emitted.
  auto count_window(int64_t n) const {
    const auto trigger = PurgingTrigger<CountTrigger>::of(CountTrigger::of(n));
    check_count("size", n);
    return windowed(detail::setup_of(GlobalWindows::create()).with_trigger(trigger));
  }
  /// The last n records of a key, at every slide-th record.
  auto count_window(int64_t n, int64_t slide) const {
    check_count("size", n);
    check_count("slide", slide);
    return windowed(detail::setup_of(GlobalWindows::create())
                        .with_trigger(CountTrigger::of(slide))
                        .with_evictor(CountEvictor::of(n)));
  }

 private:
  friend class DataStream<T>;
  template <class, class, class>
  friend class KeyedStream;
  KeyedStream(std::shared_ptr<detail::StreamGraph> graph, std::vector<detail::StreamInput> inputs,
              KeySelector selector)
      : graph_(std::move(graph)), inputs_(std::move(inputs)), selector_(std::move(selector)) {}

  template <class Setup>
  WindowedStream<T, K, KeySelector, Setup> windowed(Setup setup) const {
    return WindowedStream<T, K, KeySelector, Setup>(graph_, inputs_, selector_, std::move(setup));
  }
  void check_count(const char* what, int64_t n) const {
    if (n > 0) return;
    graph_->problems.push_back("count_window() is given a " + std::string(what) + " of " +
                               std::to_string(n) + "; it must be at least 1 record");
  }

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
