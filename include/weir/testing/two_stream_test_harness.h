#pragma once

#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "weir/testing/piece_harness.h"

namespace weir {

/// Runs a piece of a job with two inputs in a unit test; otherwise as StreamTestHarness:
///
///   weir::TwoStreamTestHarness<Reading, Limit, Alarm> harness(
///       [](weir::DataStream<Reading> readings, weir::DataStream<Limit> limits) {
///         return readings.connect(limits).key_by(&Reading::sensor, &Limit::sensor)
///             .process(AboveLimit{}).uid("above limit");
///       });
///   harness.element2({"boiler", 90});
///   harness.element1({"boiler", 99}, 1000);
///   harness.watermark1(2000);    // event time waits for the second input
template <class In1, class In2, class Out>
class TwoStreamTestHarness : public detail::PieceHarness<Out> {
 public:
  template <class Piece>
  explicit TwoStreamTestHarness(Piece&& piece, TestOptions options = {})
      : detail::PieceHarness<Out>(
            [&piece](const std::shared_ptr<detail::StreamGraph>& graph) {
              static_assert(std::is_invocable_v<Piece&, DataStream<In1>, DataStream<In2>>,
                            "TwoStreamTestHarness<In1, In2, Out>: the piece is called with a "
                            "weir::DataStream<In1> and a weir::DataStream<In2>");
              const DataStream<In1> first = TwoStreamTestHarness::template add_input<In1>(graph);
              const DataStream<In2> second = TwoStreamTestHarness::template add_input<In2>(graph);
              return piece(first, second);
            },
            options) {}

  void element1(In1 value, Timestamp timestamp = kNoTimestamp) {
    this->template send<In1>(std::move(value), timestamp, 0);
  }
  void element2(In2 value, Timestamp timestamp = kNoTimestamp) {
    this->template send<In2>(std::move(value), timestamp, 1);
  }
  /// Sends records in one batch, as is common in a job.
  void elements1(std::vector<TestRecord<In1>> records) {
    this->template send<In1>(std::move(records), 0);
  }
  void elements2(std::vector<TestRecord<In2>> records) {
    this->template send<In2>(std::move(records), 1);
  }
  /// Advances event time (ms) of one input. Operators with both inputs have the lesser of the two.
  /// It must not go back.
  void watermark1(Timestamp watermark) { this->harness_.advance_watermark(watermark, 0); }
  void watermark2(Timestamp watermark) { this->harness_.advance_watermark(watermark, 1); }
  void watermark(Timestamp watermark) {
    watermark1(watermark);
    watermark2(watermark);
  }
  /// Sends the last watermark of both inputs, then their end.
  void end_of_input() {
    watermark(kMaxWatermark);
    this->harness_.finish();
  }
};

}  // namespace weir
