#pragma once

#include <chrono>
#include <concepts>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "weir/detail/base/saturating.h"
#include "weir/detail/stream/interval_join_operator.h"
#include "weir/function/join_functions.h"
#include "weir/stream/data_stream.h"
#include "weir/stream/keyed_stream.h"

namespace weir {

/// Two streams with keys of one type, joined by time; see KeyedStream::interval_join(). A value.
template <class L, class R, class K, class Selector1, class Selector2>
class IntervalJoined {
 public:
  /// Leaves out pairs that are exactly at the bound.
  IntervalJoined lower_bound_exclusive() const {
    IntervalJoined joined = *this;
    joined.lower_exclusive_ = true;
    return joined;
  }
  IntervalJoined upper_bound_exclusive() const {
    IntervalJoined joined = *this;
    joined.upper_exclusive_ = true;
    return joined;
  }
  /// Sends late records of the first or the second stream to this side output of the result, with
  /// their timestamps. Without a get_side_output() for it they are dropped and counted.
  template <class X>
  IntervalJoined side_output_left_late_data(OutputTag<X> tag) const {
    static_assert(std::is_same_v<X, L>,
                  "side_output_left_late_data: the tag must have the first stream's type of "
                  "records");
    IntervalJoined joined = *this;
    joined.late_left_ = std::move(tag);
    return joined;
  }
  template <class X>
  IntervalJoined side_output_right_late_data(OutputTag<X> tag) const {
    static_assert(std::is_same_v<X, R>,
                  "side_output_right_late_data: the tag must have the second stream's type of "
                  "records");
    IntervalJoined joined = *this;
    joined.late_right_ = std::move(tag);
    return joined;
  }

  /// Calls a ProcessJoinFunction<L, R, Out> for each pair. `function` is copied for each subtask.
  /// Give the result a uid(), which names its state in checkpoints.
  template <class Fn>
  auto process(Fn function) const {
    static_assert(
        requires {
          requires std::derived_from<Fn, ProcessJoinFunction<L, R, typename Fn::Output>>;
        },
        "process: the function must be a weir::ProcessJoinFunction of the types of both streams");
    detail::require_serializable<L>();
    detail::require_serializable<R>();
    detail::StreamNode node;
    node.name = "interval join";
    node.inputs = inputs_;
    node.has_side_outputs = true;
    node.event_time = true;
    node.timestamps = detail::StreamNode::Timestamps::kGiven;
    node.factory = [selector1 = selector1_, selector2 = selector2_, bounds = bounds(),
                    late_left = late_left_, late_right = late_right_,
                    function = std::move(function)](const detail::OperatorSettings& settings) {
      using Made = detail::IntervalJoinOperator<Fn, Selector1, Selector2>;
      return std::unique_ptr<Operator>(std::make_unique<Made>(
          selector1, selector2, bounds, late_left, late_right, function, settings));
    };
    if (std::string problem = bounds().problem(); !problem.empty())
      graph_->problems.push_back(std::move(problem));
    return SingleOutputStreamOperator<typename Fn::Output>::add(graph_, std::move(node));
  }

 private:
  template <class, class, class, class, class>
  friend class IntervalJoin;
  IntervalJoined(std::shared_ptr<detail::StreamGraph> graph,
                 std::vector<detail::StreamInput> inputs, Selector1 selector1, Selector2 selector2,
                 Timestamp lower, Timestamp upper)
      : graph_(std::move(graph)),
        inputs_(std::move(inputs)),
        selector1_(std::move(selector1)),
        selector2_(std::move(selector2)),
        lower_(lower),
        upper_(upper) {}

  detail::IntervalBounds bounds() const {
    return {detail::saturating_add(lower_, lower_exclusive_ ? 1 : 0),
            detail::saturating_sub(upper_, upper_exclusive_ ? 1 : 0)};
  }

  std::shared_ptr<detail::StreamGraph> graph_;
  std::vector<detail::StreamInput> inputs_;
  Selector1 selector1_;
  Selector2 selector2_;
  Timestamp lower_;
  Timestamp upper_;
  bool lower_exclusive_ = false;
  bool upper_exclusive_ = false;
  std::optional<OutputTag<L>> late_left_;
  std::optional<OutputTag<R>> late_right_;
};

/// See KeyedStream::interval_join(). A value.
template <class L, class R, class K, class Selector1, class Selector2>
class IntervalJoin {
 public:
  /// Joins a record of the first stream at time t with those of the second from t + lower to
  /// t + upper, both included. Bounds may be negative, and any value is allowed.
  IntervalJoined<L, R, K, Selector1, Selector2> between(std::chrono::milliseconds lower,
                                                        std::chrono::milliseconds upper) const {
    return {graph_, inputs_, selector1_, selector2_, clamped(lower), clamped(upper)};
  }

 private:
  template <class, class, class>
  friend class KeyedStream;
  IntervalJoin(std::shared_ptr<detail::StreamGraph> graph, std::vector<detail::StreamInput> inputs,
               Selector1 selector1, Selector2 selector2)
      : graph_(std::move(graph)),
        inputs_(std::move(inputs)),
        selector1_(std::move(selector1)),
        selector2_(std::move(selector2)) {}

  /// Bounds must have negatives, because the second stream sees them reversed.
  static Timestamp clamped(std::chrono::milliseconds bound) {
    return bound.count() == kNoTimestamp ? -kMaxWatermark : bound.count();
  }

  std::shared_ptr<detail::StreamGraph> graph_;
  std::vector<detail::StreamInput> inputs_;
  Selector1 selector1_;
  Selector2 selector2_;
};

}  // namespace weir
