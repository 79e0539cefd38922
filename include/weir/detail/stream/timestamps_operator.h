#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "weir/detail/connector/split_times.h"
#include "weir/detail/stream/stream_graph.h"
#include "weir/operator/event_time_operator.h"
#include "weir/time/watermark_strategy.h"

namespace weir::detail {

/// Gives the records of a stream new timestamps and watermarks, by the strategy that a source would
/// use. All records of a subtask count as one split. The generator's state is not part of a
/// checkpoint: after a restore the watermark starts over, as in Flink.
template <class T>
class TimestampsOperator final : public EventTimeOperator {
 public:
  TimestampsOperator(WatermarkStrategy<T> strategy, const OperatorSettings& settings)
      : strategy_(std::move(strategy)), interval_ms_(settings.auto_watermark_interval_ms) {}

  Status open(OperatorContext& context) override {
    context_ = &context;
    if (!strategy_.makes_event_time()) return {};
    times_.emplace(strategy_, interval_ms_, batch_);
    tick();
    return {};
  }

  void process(Batch& batch, Output& out) override {
    auto& in = static_cast<BatchOf<T>&>(batch);
    batch_.records.swap(in.records);
    batch_.timestamps.swap(in.timestamps);
    strategy_.assign(batch_);
    if (times_) times_->on_polled();
    out.emit(batch_);
    if (times_) tick();
  }

  Progress advance_processing_time(int64_t, Output&) override {
    if (times_) tick();
    return Progress::kDone;
  }
  int64_t next_processing_time() override { return next_tick_ms_; }
  Progress finish(Output&) override {
    times_.reset();
    next_tick_ms_ = INT64_MAX;
    return Progress::kDone;
  }

  EventTime event_time() override { return times_ ? times_->time() : EventTime(); }

 private:
  void tick() { next_tick_ms_ = times_->advance(*context_); }

  const WatermarkStrategy<T> strategy_;
  const int64_t interval_ms_;
  OperatorContext* context_ = nullptr;
  BatchOf<T> batch_;                    ///< empty between calls, to reuse its memory
  std::optional<SplitTimes<T>> times_;  ///< nothing: there are no watermarks
  int64_t next_tick_ms_ = INT64_MAX;
};

/// Makes the node of assign_timestamps_and_watermarks(). Adds errors of the strategy to the graph's
/// problems.
template <class T>
StreamNode timestamps_node(StreamGraph& graph, std::vector<StreamInput> inputs,
                           WatermarkStrategy<T> strategy) {
  note_problem_of(graph, strategy);
  if (strategy.alignment())
    graph.problems.push_back(
        "assign_timestamps_and_watermarks() is given a strategy with with_watermark_alignment(), "
        "which only a source can obey; give it to from_source()");
  StreamNode node;
  node.name = "Timestamps/Watermarks";
  node.inputs = std::move(inputs);
  node.starts_chain = true;
  node.makes_event_time = true;
  if (strategy.assigns_timestamps()) node.timestamps = StreamNode::Timestamps::kGiven;
  node.factory = [strategy = std::make_shared<const WatermarkStrategy<T>>(std::move(strategy))](
                     const OperatorSettings& settings) -> std::unique_ptr<Operator> {
    return std::make_unique<TimestampsOperator<T>>(*strategy, settings);
  };
  return node;
}

}  // namespace weir::detail
