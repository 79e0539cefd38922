// Unit tests as a user writes them for parts of a job.

#include <gtest/gtest.h>
#include <unistd.h>
#include <weir/testing.h>
#include <weir/weir.h>

#include <filesystem>
#include <fstream>
#include <numeric>

#include "lines_sink.h"
#include "numbers_source.h"
#include "position_operator.h"

namespace {

TEST(NumbersSource, GivesEachNumberOnceAfterARestore) {
  weir::SourceTestHarness<int64_t> harness(NumbersSource(1000, 3), {.parallelism = 2});
  harness.poll();
  std::vector<int64_t> numbers = harness.take_values();
  harness.restore(harness.snapshot(), 1);
  harness.read_to_end();
  for (const int64_t number : harness.take_values()) numbers.push_back(number);
  std::sort(numbers.begin(), numbers.end());
  std::vector<int64_t> expected(1000);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(numbers, expected);
  EXPECT_TRUE(harness.status().ok());
}

TEST(NumbersSource, RefusesToBeSplitIntoNothing) {
  weir::SourceTestHarness<int64_t> harness(NumbersSource(10, 0));
  EXPECT_EQ(harness.status().code(), weir::StatusCode::kInvalidArgument);
}

TEST(PositionOperator, ContinuesAtItsPosition) {
  weir::StreamTestHarness<int64_t, Positioned> harness([](weir::DataStream<int64_t> numbers) {
    return numbers.transform<Positioned>("positions",
                                         [] { return std::make_unique<PositionOperator>(); });
  });
  harness.element(7, 70);
  harness.element(8, 80);
  EXPECT_EQ(harness.take_values(), (std::vector<Positioned>{{7, 1}, {8, 2}}));
  const weir::TestSnapshot snapshot = harness.snapshot();
  harness.element(9, 90);
  harness.restore(snapshot);
  harness.take_output();
  harness.element(9, 90);
  EXPECT_EQ(harness.take_output(), (std::vector<weir::TestRecord<Positioned>>{{{9, 3}, 90}}));
}

/// The largest number per remainder, with a timer that reports it.
class LargestFunction : public weir::KeyedProcessFunction<int64_t, int64_t, int64_t> {
 public:
  void open(RuntimeContext& context) override {
    largest_ = context.state(weir::ValueStateDescriptor<int64_t>("largest"));
  }
  void process_element(const int64_t& number, Context& context,
                       weir::Collector<int64_t>&) override {
    const int64_t* largest = largest_.value();
    largest_.update(largest == nullptr ? number : std::max(*largest, number));
    context.timer_service().register_event_time_timer(100);
  }
  void on_timer(weir::Timestamp, OnTimerContext&, weir::Collector<int64_t>& out) override {
    out.collect(*largest_.value());
  }

 private:
  weir::ValueState<int64_t> largest_;
};

TEST(LargestFunction, SurvivesAFailureAtEveryStep) {
  weir::StreamTestScenario<int64_t, int64_t> scenario([](weir::DataStream<int64_t> numbers) {
    return numbers.key_by([](const int64_t& n) { return n % 3; })
        .process(LargestFunction{})
        .uid("largest");
  });
  scenario.element(3, 10).element(4, 20).element(9, 30).watermark(200);
  const auto results = scenario.run();
  ASSERT_EQ(results.size(), 2);
  EXPECT_EQ(results[0].value + results[1].value, 13);
  EXPECT_EQ(scenario.check(), "");
}

TEST(LinesSink, ShowsLinesOnlyAfterTheCheckpoint) {
  const std::filesystem::path directory =
      std::filesystem::temp_directory_path() / ("own-parts-" + std::to_string(::getpid()));
  std::filesystem::create_directories(directory);
  const auto visible = [&] {
    std::string lines;
    for (const auto& entry : std::filesystem::directory_iterator(directory)) {
      if (entry.path().filename().string().starts_with(".")) continue;
      std::ifstream in(entry.path());
      lines += std::string(std::istreambuf_iterator<char>(in), {});
    }
    return lines;
  };
  weir::StreamTestHarness<int64_t, void> harness([&](weir::DataStream<int64_t> numbers) {
    return numbers.sink_to(LinesSink<int64_t>("file://" + directory.string(),
                                              [](const int64_t& n) { return std::to_string(n); }));
  });
  harness.element(7);
  harness.element(8);
  const weir::TestSnapshot snapshot = harness.snapshot();
  EXPECT_EQ(visible(), "");
  harness.checkpoint_completed(snapshot);
  EXPECT_EQ(visible(), "7\n8\n");
  harness.restore(snapshot);  // commits again
  harness.element(9);
  EXPECT_EQ(visible(), "7\n8\n");
  EXPECT_TRUE(harness.status().ok()) << harness.status().to_string();
  std::filesystem::remove_all(directory);
}

}  // namespace
