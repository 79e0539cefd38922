#pragma once

#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "weir/detail/stream/batch_keys.h"
#include "weir/detail/stream/function_states.h"
#include "weir/detail/stream/interval_bounds.h"
#include "weir/detail/stream/keyed_timers.h"
#include "weir/detail/stream/stream_graph.h"
#include "weir/detail/window/dropped_records.h"
#include "weir/function/join_functions.h"

namespace weir::detail {

/// One stream of an interval join. Thread: the operator's.
template <class T, class KeySelector>
struct JoinSide {
  explicit JoinSide(KeySelector selector) : keys(std::move(selector)) {}
  /// Removes the records of the current key that are not needed from this watermark on.
  void clean(Timestamp watermark) {
    while (!records.is_empty()) {
      const Timestamp first = (*records.entries().begin()).first;
      if (bounds.end_of(first) > watermark) return;
      records.remove(first);
    }
  }

  BatchKeys<T, KeySelector> keys;
  IntervalBounds bounds;  ///< of the other stream's timestamps, as seen from this one
  std::optional<OutputTag<T>> late;
  MapState<Timestamp, std::vector<T>> records;  ///< by timestamp, in the order of their arrival
};

/// Joins the records of two streams with the same key whose timestamps are close to each other:
/// Flink's semantics. Both wait in state until the watermark says that nothing can join with them.
/// A record whose timestamp is less than the watermark is late: it joins with nothing.
template <class Fn, class Selector1, class Selector2>
class IntervalJoinOperator final : public Operator {
 public:
  using L = typename Fn::Left;
  using R = typename Fn::Right;
  using K = KeyOf<L, Selector1>;

  IntervalJoinOperator(Selector1 selector1, Selector2 selector2, IntervalBounds bounds,
                       std::optional<OutputTag<L>> late_left,
                       std::optional<OutputTag<R>> late_right, Fn fn,
                       const OperatorSettings& settings)
      : left_(std::move(selector1)),
        right_(std::move(selector2)),
        fn_(std::move(fn)),
        drop_without_timestamp_(settings.drop_records_without_timestamp) {
    left_.bounds = bounds;
    left_.late = std::move(late_left);
    right_.bounds = bounds.reversed();
    right_.late = std::move(late_right);
  }

  Status open(OperatorContext& context) override {
    context_ = &context;
    side_outputs_.open(context);
    dropped_.open(context);
    if (Status states = states_.open(fn_, context); !states.ok()) return states;
    backend_ = std::make_unique<KeyedBackend<K>>(context);
    left_.records = backend_->state(MapStateDescriptor<Timestamp, std::vector<L>>{"LEFT_BUFFER"});
    right_.records = backend_->state(MapStateDescriptor<Timestamp, std::vector<R>>{"RIGHT_BUFFER"});
    timers_.open(context, *backend_);
    RuntimeContext runtime(context);
    fn_.Fn::open(runtime);
    return {};
  }
  KeyedState* keyed_state() override { return backend_.get(); }
  Status snapshot(SnapshotContext& context) override {
    states_.snapshot(fn_, context);
    return {};
  }

  void process(Batch& batch, weir::Output& out) override {
    process_side(left_, right_, batch, out,
                 [&](const L& record, Timestamp timestamp, const R& other, Timestamp at,
                     auto& collector) { join(record, timestamp, other, at, collector); });
  }
  void process_input(int input, Batch& batch, weir::Output& out) override {
    if (input == 0) return process(batch, out);
    process_side(right_, left_, batch, out,
                 [&](const R& record, Timestamp timestamp, const L& other, Timestamp at,
                     auto& collector) { join(other, at, record, timestamp, collector); });
  }
  Progress advance_watermark(Timestamp watermark, weir::Output&) override {
    return timers_.advance_watermark(watermark, [&](const K&, Timestamp timestamp, TimeDomain) {
      left_.clean(timestamp);
      right_.clean(timestamp);
    });
  }
  Progress finish(weir::Output&) override { return timers_.finish(); }
  void close() override { fn_.Fn::close(); }

 private:
  using Out = typename Fn::Output;

  template <class T, class S1, class Other, class S2, class Join>
  void process_side(JoinSide<T, S1>& own, JoinSide<Other, S2>& other, Batch& batch,
                    weir::Output& out, Join join) {
    auto& in = static_cast<BatchOf<T>&>(batch);
    backend_->collect_garbage(in.size());
    own.keys.compute(in, backend_->places());
    Collector<Out> collector(out, results_);
    for (size_t i = 0; i < in.size(); ++i) {
      const Timestamp timestamp = in.timestamp(i);
      const T& record = in.records[i];
      if (timestamp == kNoTimestamp) {
        if (!drop_without_timestamp_) {
          context_->fail(record_without_timestamp(*context_, show_value(record)));
          break;
        }
        dropped_.without_timestamp();
      } else if (timestamp < timers_.current_watermark()) {
        add_late(own.late, record, timestamp);
      } else {
        backend_->set_current_key(own.keys.key(i), own.keys.place(i));
        timers_.set_key(own.keys.key(i));
        own.records.mutable_value(timestamp).push_back(record);
        join_with(other.records.entries(), own.bounds, record, timestamp, join, collector);
        timers_.register_event_time_timer(own.bounds.end_of(timestamp));
      }
    }
    collector.flush();
    side_outputs_.flush();
    dropped_.say();
  }
  template <class Records, class T, class Join>
  void join_with(const Records& others, const IntervalBounds& bounds, const T& record,
                 Timestamp timestamp, Join& join, Collector<Out>& collector) {
    const Timestamp last = bounds.last(timestamp);
    const auto end = others.end();
    for (auto at = others.lower_bound(bounds.first(timestamp)); !(at == end); ++at) {
      const auto [other_at, records] = *at;
      if (other_at > last) return;
      for (const auto& other : records) join(record, timestamp, other, other_at, collector);
    }
  }
  void join(const L& left, Timestamp left_at, const R& right, Timestamp right_at,
            Collector<Out>& collector) {
    JoinContext context(left_at, right_at, side_outputs_);
    collector.set_timestamp(context.timestamp());
    side_outputs_.set_timestamp(context.timestamp());
    fn_.Fn::process_element(left, right, context, collector);
  }
  template <class T>
  void add_late(const std::optional<OutputTag<T>>& tag, const T& record, Timestamp timestamp) {
    if (!tag || !side_outputs_.is_read(*tag))
      return dropped_.late(timestamp, timers_.current_watermark());
    side_outputs_.set_timestamp(timestamp);
    side_outputs_.collect(*tag, record);
  }

  JoinSide<L, Selector1> left_;
  JoinSide<R, Selector2> right_;
  Fn fn_;
  const bool drop_without_timestamp_;
  OperatorContext* context_ = nullptr;
  SideOutputs side_outputs_;
  DroppedRecords dropped_;
  [[no_unique_address]] FunctionStates<Fn> states_;
  std::unique_ptr<KeyedBackend<K>> backend_;
  KeyedTimers<K> timers_;
  BatchOf<Out> results_;  // empty between calls
};

}  // namespace weir::detail
