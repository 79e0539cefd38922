#pragma once

#include <algorithm>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "weir/detail/stream/field_reductions.h"
#include "weir/detail/stream/full_partition.h"
#include "weir/function/functions.h"
#include "weir/stream/data_stream.h"

namespace weir {

enum class Order { kAscending, kDescending };

namespace detail {

/// The partitions of full_window_partition() without keys: a subtask's records.
struct SubtaskPartitions {
  static constexpr bool kKeyed = false;
  template <class T, class Contents>
  std::unique_ptr<Operator> make_operator(const Contents& contents) const {
    return std::make_unique<PartitionOperator<T, Contents>>(contents);
  }
};

/// Those with keys: the records of a key.
template <class K, class Selector>
struct KeyPartitions {
  static constexpr bool kKeyed = true;
  template <class T, class Contents>
  std::unique_ptr<Operator> make_operator(const Contents& contents) const {
    using Function = KeyPartition<K, T, Contents>;
    return std::make_unique<KeyedProcessOperator<Function, T, Selector>>(selector,
                                                                         Function(contents));
  }
  Selector selector;
};

}  // namespace detail

/// The complete partitions of a bounded stream: what a subtask gets or, in a keyed stream, the
/// records of a key. A value. Results are emitted at the end of the input, and have no timestamps.
/// A job whose input never ends is refused.
///
/// The records (for reduce() and aggregate() their result so far) are in memory until then, and in
/// every checkpoint. After a restore at another parallelism, subtasks without keys share the
/// records anew.
template <class T, class Partitions>
class PartitionWindowedStream {
 public:
  using Record = T;

  /// `f(records, collector)` processes a partition, a `const std::vector<T>&` in the order of
  /// arrival, and collects any number of results. Without keys it is called for each subtask, also
  /// for one without records. The type of the results is that of the collector: `f` takes a
  /// `weir::Collector<Out>&`, or the caller names it with map_partition<Out>(f).
  template <class Out = void, class F>
  auto map_partition(F f) const {
    if constexpr (std::is_void_v<Out>) {
      constexpr bool kKnown = requires { typename detail::CollectedBy<F>::Type; };
      static_assert(kKnown,
                    "map_partition: the type of the results is not known from a generic function: "
                    "let it take a weir::Collector<Out>&, or write map_partition<Out>(f)");
      if constexpr (kKnown)
        return map_partition<typename detail::CollectedBy<F>::Type>(std::move(f));
      else return SingleOutputStreamOperator<T>::add(graph_, {});
    } else {
      static_assert(std::is_invocable_v<F&, const std::vector<T>&, Collector<Out>&>,
                    "map_partition: the function takes a const std::vector<T>& and a "
                    "weir::Collector<Out>&");
      detail::check_function(*graph_, "map_partition", f);
      const auto call = [f = std::move(f)](std::vector<T>& records, Collector<Out>& out) mutable {
        f(std::as_const(records), out);
      };
      return add("map partition", detail::AllRecords<T, Out, std::remove_const_t<decltype(call)>,
                                                     /*kCallsForNone=*/!Partitions::kKeyed>(call));
    }
  }

  /// Emits the records of a partition in the order of a member, or of what a function of the record
  /// returns. Equal ones stay in the order of their arrival, and NaN is larger than all numbers.
  template <class Selector>
  SingleOutputStreamOperator<T> sort_partition(Selector selector,
                                               Order order = Order::kAscending) const {
    static_assert(detail::kOrders<T, Selector>,
                  "sort_partition: the argument is a pointer to a member of the record, or a "
                  "function that takes a const T&; its values need operator<");
    detail::check_function(*graph_, "sort_partition", selector);
    auto sort = [selector = std::move(selector), order](std::vector<T>& records,
                                                        Collector<T>& out) {
      std::stable_sort(records.begin(), records.end(), [&](const T& a, const T& b) {
        return order == Order::kAscending
                   ? detail::is_less(std::invoke(selector, a), std::invoke(selector, b))
                   : detail::is_less(std::invoke(selector, b), std::invoke(selector, a));
      });
      for (T& record : records) out.collect(std::move(record));
    };
    return add("sort partition",
               detail::AllRecords<T, T, decltype(sort), /*kCallsForNone=*/false>(std::move(sort)));
  }

  /// Emits the reduction of each partition that has records: the first record, then
  /// `f(so_far, record)`. Without keys a restore may reduce parts of a partition in another order.
  template <class F>
  SingleOutputStreamOperator<T> reduce(F f) const {
    static_assert(std::is_invocable_r_v<T, F&, T, const T&>,
                  "reduce: the function takes what there is so far (T or const T&) and a const T&, "
                  "and returns a T");
    detail::check_function(*graph_, "reduce", f);
    return add("reduce partition", detail::Reduced<T, F>(std::move(f)));
  }

  /// Emits one result for each partition; see weir::AggregateFunction. Without keys also for a
  /// subtask that has no records, and the function needs merge(): after a restore with fewer
  /// subtasks, one has several accumulators.
  template <class A>
  auto aggregate(A function) const {
    static_assert(
        AggregateFunction<A, T>,
        "aggregate: the function needs Accumulator, create_accumulator(), add(record, "
        "accumulator) and get_result(accumulator), all const (weir/function/functions.h)");
    static_assert(Partitions::kKeyed || MergeableAggregateFunction<A>,
                  "aggregate: without keys the function needs merge(from, into) for its "
                  "accumulators (weir/function/functions.h)");
    return add("aggregate partition", detail::Aggregated<T, A>(std::move(function)));
  }

  /// For full_window_partition().
  PartitionWindowedStream(std::shared_ptr<detail::StreamGraph> graph,
                          std::vector<detail::StreamInput> inputs, Partitions partitions)
      : graph_(std::move(graph)), inputs_(std::move(inputs)), partitions_(std::move(partitions)) {}

 private:
  template <class Contents>
  SingleOutputStreamOperator<typename Contents::Output> add(const char* name,
                                                            Contents contents) const {
    detail::require_serializable<typename Contents::Element>();
    auto node =
        detail::node_of(name, inputs_, [partitions = partitions_, contents = std::move(contents)] {
          return partitions.template make_operator<T>(contents);
        });
    node.needs_end = true;
    node.timestamps = detail::StreamNode::Timestamps::kNone;
    return SingleOutputStreamOperator<typename Contents::Output>::add(graph_, std::move(node));
  }

  std::shared_ptr<detail::StreamGraph> graph_;
  std::vector<detail::StreamInput> inputs_;
  Partitions partitions_;
};

}  // namespace weir
