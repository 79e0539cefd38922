#pragma once

#include <type_traits>
#include <utility>
#include <vector>

#include "weir/stream/data_stream.h"
#include "weir/testing/graph_harness.h"

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
/// A piece may also end in a sink. Then it is StreamTestHarness<In, void> and has no output. The
/// piece can use file:// and memory://. Calls throw the exceptions of user code; status() has the
/// failures of operators. Thread: one.
template <class In, class Out>
class StreamTestHarness {
 public:
  using Record = std::conditional_t<std::is_void_v<Out>, char, Out>;

  template <class Piece>
  explicit StreamTestHarness(Piece&& piece, TestOptions options = {})
      : harness_(graph_of(piece, output_), options) {}

  void element(In value, Timestamp timestamp = kNoTimestamp) {
    BatchOf<In> batch;
    batch.add(std::move(value), timestamp);
    harness_.send(batch);
  }
  /// Sends records in one batch, as is common in a job.
  void elements(std::vector<TestRecord<In>> records) {
    BatchOf<In> batch;
    for (auto& record : records) batch.add(std::move(record.value), record.timestamp);
    harness_.send(batch);
  }
  /// Advances event time (ms) in all subtasks. It must not go back.
  void watermark(Timestamp watermark) { harness_.advance_watermark(watermark); }
  /// Sets the wall clock (ms), which starts at 0. Fires the timers that are due.
  void processing_time(int64_t now_ms) { harness_.advance_processing_time(now_ms); }
  /// Sends the last watermark, then the end of the input.
  void end_of_input() {
    harness_.advance_watermark(kMaxWatermark);
    harness_.finish();
  }

  /// Returns the results since the last call. Keyed results of several subtasks are in no
  /// particular order.
  std::vector<TestRecord<Record>> take_output() { return std::exchange(*output_, {}); }
  std::vector<Record> take_values() {
    std::vector<Record> values;
    for (auto& record : take_output()) values.push_back(std::move(record.value));
    return values;
  }

  /// Takes a checkpoint. The piece is notified of its completion only by checkpoint_completed().
  TestSnapshot snapshot() { return harness_.snapshot(); }
  void checkpoint_completed(const TestSnapshot& snapshot) {
    harness_.checkpoint_completed(snapshot);
  }
  /// Simulates a failure: new subtasks restore the snapshot, with the same parallelism or
  /// `parallelism`. The watermark starts over.
  void restore(const TestSnapshot& snapshot, int parallelism = 0) {
    harness_.restore(snapshot, parallelism > 0 ? parallelism : harness_.parallelism());
  }

  /// The sum of a counter or gauge over all subtasks.
  int64_t metric(std::string_view name) const { return harness_.metric(name); }
  const Status& status() const { return harness_.status(); }

 private:
  using Output = std::shared_ptr<std::vector<TestRecord<Record>>>;

  template <class Piece>
  static std::shared_ptr<detail::StreamGraph> graph_of(Piece& piece, const Output& output) {
    static_assert(std::is_invocable_v<Piece&, DataStream<In>>,
                  "StreamTestHarness<In, Out>: the piece is called with a weir::DataStream<In>");
    auto graph = std::make_shared<detail::StreamGraph>();
    detail::StreamNode input;
    input.name = "input of the test";
    const DataStream<In> stream = SingleOutputStreamOperator<In>::add(graph, std::move(input));
    if constexpr (std::is_void_v<Out>) {
      piece(stream);
    } else {
      static_assert(
          std::is_base_of_v<DataStream<Out>, std::invoke_result_t<Piece&, DataStream<In>>>,
          "StreamTestHarness<In, Out>: the piece returns a stream of Out");
      piece(stream).template transform<Out>("output of the test", [output] {
        return std::make_unique<detail::TestOutputOperator<Out>>(output);
      });
    }
    return graph;
  }

  const Output output_ = std::make_shared<std::vector<TestRecord<Record>>>();
  detail::GraphHarness harness_;
};

}  // namespace weir
