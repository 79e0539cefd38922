#pragma once

#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "weir/testing/piece_harness.h"

namespace weir {

/// Runs a part of a job, a function or an operator in a unit test, one call after another, in the
/// test's thread. The test controls the time. `piece` takes a stream and returns one, as in the job
/// itself:
///
///   weir::StreamTestHarness<Reading, Alarm> harness([](weir::DataStream<Reading> readings) {
///     return readings.key_by(&Reading::sensor).process(AlarmFunction{}).uid("alarms");
///   });
///   harness.element({"boiler", 99}, 1000);
///   harness.watermark(2000);
///   EXPECT_EQ(harness.take_output(), (Alarms{{{"boiler"}, 1000}}));
///   const weir::TestSnapshot snapshot = harness.snapshot();
///   harness.restore(snapshot, 3);    // on three subtasks
///
/// A piece may also end in a sink. Then it is StreamTestHarness<In, void> and has no output.
/// Records of side outputs come from take_side_output(tag). The piece can use file:// and
/// memory://. Calls throw the exceptions of user code; status() has the failures of operators.
/// Thread: one.
template <class In, class Out>
class StreamTestHarness : public detail::PieceHarness<Out> {
 public:
  template <class Piece>
  explicit StreamTestHarness(Piece&& piece, TestOptions options = {})
      : detail::PieceHarness<Out>(
            [&piece](const std::shared_ptr<detail::StreamGraph>& graph) {
              static_assert(
                  std::is_invocable_v<Piece&, DataStream<In>>,
                  "StreamTestHarness<In, Out>: the piece is called with a weir::DataStream<In>");
              return piece(StreamTestHarness::template add_input<In>(graph));
            },
            options) {}

  void element(In value, Timestamp timestamp = kNoTimestamp) {
    this->template send<In>(std::move(value), timestamp, 0);
  }
  /// Sends records in one batch, as is common in a job.
  void elements(std::vector<TestRecord<In>> records) {
    this->template send<In>(std::move(records), 0);
  }
  /// Advances event time (ms) in all subtasks. It must not go back.
  void watermark(Timestamp watermark) { this->harness_.advance_watermark(watermark); }
  /// Sends the last watermark, then the end of the input.
  void end_of_input() {
    this->harness_.advance_watermark(kMaxWatermark);
    this->harness_.finish();
  }
};

}  // namespace weir
