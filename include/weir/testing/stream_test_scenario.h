#pragma once

#include <algorithm>
#include <functional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "weir/testing/stream_test_harness.h"

namespace weir {

/// Runs a part of a job step by step, then again with failures between the steps:
///
///   weir::StreamTestScenario<Reading, Alarm> scenario(piece);
///   scenario.element({"boiler", 99}, 1000).watermark(2000).end_of_input();
///   EXPECT_EQ(scenario.run(), (Alarms{{{"boiler"}, 1000}}));
///   EXPECT_EQ(scenario.check(), "");
///
/// check() finds data that a piece keeps outside of its state. Every run builds the piece anew.
template <class In, class Out>
class StreamTestScenario {
 public:
  using Harness = StreamTestHarness<In, Out>;

  template <class Piece>
  explicit StreamTestScenario(Piece piece, TestOptions options = {})
      : make_([piece = std::move(piece), options](int parallelism) {
          TestOptions wide = options;
          wide.parallelism = parallelism;
          return std::make_unique<Harness>(piece, wide);
        }),
        parallelism_(options.parallelism) {}

  StreamTestScenario& element(In value, Timestamp timestamp = kNoTimestamp) {
    return step([=](Harness& harness) { harness.element(value, timestamp); });
  }
  StreamTestScenario& watermark(Timestamp watermark) {
    return step([=](Harness& harness) { harness.watermark(watermark); }, watermark);
  }
  StreamTestScenario& processing_time(int64_t now_ms) {
    return step([=](Harness& harness) { harness.processing_time(now_ms); });
  }
  StreamTestScenario& end_of_input() {
    return step([](Harness& harness) { harness.end_of_input(); }, kMaxWatermark);
  }

  /// Returns the results without a failure.
  std::vector<TestRecord<Out>> run() const {
    const auto harness = make_(parallelism_);
    for (const Step& step : steps_) step.run(*harness);
    return harness->take_output();
  }

  /// Runs the steps again. Once before each step, it takes a snapshot and restores it on one, two
  /// and three subtasks. The results must be the same, except for their order. Returns "" or the
  /// first difference.
  std::string check() const {
    const std::vector<std::string> expected = lines_of(run());
    for (const int parallelism : {1, 2, 3}) {
      for (size_t at = 0; at <= steps_.size(); ++at) {
        const auto harness = make_(parallelism_);
        Timestamp watermark = kMinWatermark;
        for (size_t i = 0; i < at; ++i) {
          steps_[i].run(*harness);
          watermark = std::max(watermark, steps_[i].watermark);
        }
        harness->restore(harness->snapshot(), parallelism);
        if (watermark != kMinWatermark) harness->watermark(watermark);
        for (size_t i = at; i < steps_.size(); ++i) steps_[i].run(*harness);
        if (std::string what = difference(expected, lines_of(harness->take_output()));
            !what.empty() || !harness->status().ok()) {
          std::ostringstream text;
          text << "restored on " << parallelism << " subtasks before step " << at << ": "
               << (harness->status().ok() ? what : harness->status().to_string());
          return std::move(text).str();
        }
      }
    }
    return "";
  }

 private:
  struct Step {
    std::function<void(Harness&)> run;
    Timestamp watermark = kMinWatermark;
  };

  StreamTestScenario& step(std::function<void(Harness&)> run, Timestamp watermark = kMinWatermark) {
    steps_.push_back({std::move(run), watermark});
    return *this;
  }
  static std::vector<std::string> lines_of(const std::vector<TestRecord<Out>>& records) {
    std::vector<std::string> lines;
    for (const auto& record : records)
      lines.push_back(detail::show_with_timestamp(show_record(record.value), record.timestamp));
    std::sort(lines.begin(), lines.end());
    return lines;
  }
  static std::string difference(const std::vector<std::string>& expected,
                                const std::vector<std::string>& actual) {
    const auto [e, a] =
        std::mismatch(expected.begin(), expected.end(), actual.begin(), actual.end());
    if (e == expected.end() && a == actual.end()) return "";
    const auto text = [](auto at, auto end) { return at == end ? "nothing" : "'" + *at + "'"; };
    return "of the sorted results, number " + std::to_string(e - expected.begin()) + " should be " +
           text(e, expected.end()) + " and is " + text(a, actual.end());
  }

  std::function<std::unique_ptr<Harness>(int parallelism)> make_;
  int parallelism_;
  std::vector<Step> steps_;
};

}  // namespace weir
