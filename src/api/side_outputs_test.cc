// Functions with side outputs, and late records of windows.

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <stdexcept>
#include <string>

#include "graph/build_job_graph.h"
#include "weir/testing.h"
#include "weir/weir.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

using Numbers = std::vector<TestRecord<int64_t>>;
using Texts = std::vector<TestRecord<std::string>>;

const OutputTag<std::string> kOdd("odd");

/// Passes on even numbers, and the text of odd ones to the side output "odd".
struct SplitOdd final : ProcessFunction<int64_t, int64_t> {
  void process_element(const int64_t& number, Context& context, Collector<int64_t>& out) override {
    if (number == 13) throw std::runtime_error("not 13");
    if (number % 2 == 0) return out.collect(number);
    context.output(kOdd, std::to_string(number) + " at " + std::to_string(context.timestamp()) +
                             ", watermark " + std::to_string(context.current_watermark()) +
                             ", clock " + std::to_string(context.current_processing_time()));
  }
};

TEST(SideOutputs, RecordsLeaveWithTheTimestampOfTheirCause) {
  StreamTestHarness<int64_t, int64_t> harness(
      [](const DataStream<int64_t>& numbers) { return numbers.process(SplitOdd{}); });
  harness.watermark(5);
  harness.processing_time(70);
  harness.elements({{1, 10}, {2, 20}, {3, 30}});
  EXPECT_EQ(harness.take_output(), (Numbers{{2, 20}}));
  EXPECT_EQ(harness.take_side_output(kOdd), (Texts{{"1 at 10, watermark 5, clock 70", 10},
                                                   {"3 at 30, watermark 5, clock 70", 30}}));
  EXPECT_EQ(harness.take_side_output(kOdd), Texts());
  harness.element(4);
  EXPECT_EQ(harness.take_output(), (Numbers{{4, kNoTimestamp}}));
  EXPECT_THROW(harness.element(13), std::runtime_error);
}

TEST(SideOutputs, ReadersGetThemAsAStream) {
  StreamTestHarness<int64_t, size_t> harness([](const DataStream<int64_t>& numbers) {
    const auto split = numbers.process(SplitOdd{});
    const auto odd = split.get_side_output(kOdd);
    return odd.map(&std::string::size)
        .union_with(
            split.map([](int64_t n) { return static_cast<size_t>(n); }),
            split.get_side_output(kOdd).map([](const std::string&) { return size_t{999}; }));
  });
  harness.element(1, 0);
  harness.element(2, 0);
  std::vector<size_t> values = harness.take_values();
  std::sort(values.begin(), values.end());
  EXPECT_EQ(values.size(), 3u);
  EXPECT_EQ(values.front(), 2u);
  EXPECT_EQ(values.back(), 999u);
  EXPECT_EQ(harness.take_side_output(kOdd), Texts()) << "the piece reads it";
}

TEST(SideOutputs, MoreRecordsThanABatchHoldsComeAllAndInOrder) {
  struct Burst final : ProcessFunction<int64_t, int64_t> {
    void process_element(const int64_t& count, Context& context, Collector<int64_t>&) override {
      for (int64_t i = 0; i < count; ++i) context.output(numbers, i);
    }
    const OutputTag<int64_t> numbers{"numbers"};
  };
  StreamTestHarness<int64_t, int64_t> harness(
      [](const DataStream<int64_t>& counts) { return counts.process(Burst{}); });
  harness.element(20'000, 7);
  const auto records = harness.take_side_output(OutputTag<int64_t>("numbers"));
  ASSERT_EQ(records.size(), 20'000u);
  for (int64_t i = 0; i < 20'000; ++i)
    ASSERT_EQ(records[static_cast<size_t>(i)], (TestRecord<int64_t>{i, 7}));
}

/// Emits each record, and each timer's time, to the side output "log".
struct Alarm final : KeyedProcessFunction<int64_t, int64_t, int64_t> {
  void process_element(const int64_t& time, Context& context, Collector<int64_t>&) override {
    context.output(log, "record " + std::to_string(time));
    context.timer_service().register_event_time_timer(time);
    context.timer_service().register_processing_time_timer(time);
  }
  void on_timer(Timestamp timestamp, OnTimerContext& context, Collector<int64_t>& out) override {
    const bool event_time = context.time_domain() == TimeDomain::kEventTime;
    context.output(log, (event_time ? "event " : "clock ") + std::to_string(timestamp));
    out.collect(timestamp);
  }
  const OutputTag<std::string> log{"log"};
};

int64_t itself(const int64_t& number) { return number; }

TEST(SideOutputs, KeyedFunctionsAndTheirTimersHaveThem) {
  StreamTestHarness<int64_t, int64_t> harness([](const DataStream<int64_t>& times) {
    return times.key_by(&itself).process(Alarm{}).uid("alarm");
  });
  const OutputTag<std::string> log("log");
  harness.element(50, 5);
  harness.watermark(60);
  harness.processing_time(50);
  EXPECT_EQ(harness.take_output(), (Numbers{{50, 50}, {50, kNoTimestamp}}));
  EXPECT_EQ(harness.take_side_output(log),
            (Texts{{"record 50", 5}, {"event 50", 50}, {"clock 50", kNoTimestamp}}));
}

struct Last {
  struct Accumulator {
    int64_t value = 0;
    WEIR_FIELDS(Accumulator, value)
  };
  Accumulator create_accumulator() const { return {}; }
  void add(const int64_t& value, Accumulator& last) const { last.value = value; }
  int64_t get_result(const Accumulator& last) const { return last.value; }
};

TEST(SideOutputs, LateRecordsOfAWindowGoThere) {
  const OutputTag<int64_t> late("late");
  for (const bool read : {false, true}) {
    StreamTestHarness<int64_t, int64_t> harness([&](const DataStream<int64_t>& numbers) {
      const auto windows = numbers.key_by(&itself)
                               .window(TumblingEventTimeWindows::of(10ms))
                               .side_output_late_data(late)
                               .aggregate(Last{});
      if (!read) return DataStream<int64_t>(windows);
      return windows.union_with(windows.get_side_output(late).map([](int64_t n) { return -n; }));
    });
    harness.elements({{1, 5}, {2, 15}});
    harness.watermark(9);
    EXPECT_EQ(harness.take_output(), (Numbers{{1, 9}}));
    harness.elements({{3, 9}, {4, 12}, {5, -100}, {6, kNoTimestamp + 1}});
    EXPECT_EQ(harness.take_output(),
              read ? (Numbers{{-3, 9}, {-5, -100}, {-6, kNoTimestamp + 1}}) : Numbers());
    EXPECT_EQ(harness.take_side_output(late).size(), read ? 0u : 3u) << "kept for the test";
    EXPECT_EQ(harness.metric("numLateRecordsDropped"), 0);
  }
}

struct TwoTypes final : ProcessFunction<int64_t, int64_t> {
  void process_element(const int64_t& number, Context& context, Collector<int64_t>&) override {
    context.output(OutputTag<int64_t>("x"), number);
    context.output(OutputTag<std::string>("x"), "text");
  }
};

TEST(SideOutputs, RecordsOfTwoTypesUnderOneNameAreRefused) {
  StreamTestHarness<int64_t, int64_t> harness(
      [](const DataStream<int64_t>& numbers) { return numbers.process(TwoTypes{}); });
  try {
    harness.element(1);
    FAIL() << "it must throw";
  } catch (const std::invalid_argument& e) {
    EXPECT_STREQ(e.what(),
                 "records of two types are given to side output 'x'; use one OutputTag for it");
  }
}

/// What is wrong with a job.
std::string problems_of(const std::function<void(const DataStream<int64_t>&)>& describe) {
  const auto graph = std::make_shared<detail::StreamGraph>();
  detail::StreamNode node;
  node.name = "in";
  describe(SingleOutputStreamOperator<int64_t>::add(graph, std::move(node)));
  return std::string(build_job_graph(*graph, {}).status().message());
}

TEST(SideOutputs, MistakesAreReportedBeforeTheJobRuns) {
  EXPECT_EQ(problems_of([](const DataStream<int64_t>& numbers) {
              numbers.map([](int64_t n) { return n; }).get_side_output(kOdd);
            }),
            "get_side_output(\"odd\") would read nothing: operator 'map' has no side outputs; "
            "process() has, and a window with side_output_late_data()");
  EXPECT_EQ(problems_of([](const DataStream<int64_t>& numbers) {
              numbers.key_by(&itself)
                  .window(TumblingEventTimeWindows::of(10ms))
                  .aggregate(Last{})
                  .get_side_output(kOdd);
            }),
            "get_side_output(\"odd\") would read nothing: operator 'window' has no side outputs; "
            "process() has, and a window with side_output_late_data()");
  EXPECT_EQ(problems_of([](const DataStream<int64_t>& numbers) {
              const auto split = numbers.process(SplitOdd{});
              split.get_side_output(kOdd);
              split.get_side_output(OutputTag<int64_t>("odd"));
            }),
            "side output 'odd' of operator 'process' is read as records of two types; use one "
            "OutputTag for it");
  EXPECT_EQ(problems_of([](const DataStream<int64_t>& numbers) {
              numbers.process(SplitOdd{}).get_side_output(OutputTag<std::string>(""));
            }),
            "get_side_output is given a tag with an empty name");
}

TEST(SideOutputs, RunInAJobAtAnyParallelismAndWithoutChains) {
  for (const std::string_view chaining : {"true", "false"}) {
    for (const int parallelism : {1, 3}) {
      StreamExecutionEnvironment env;
      env.set_parallelism(parallelism);
      env.configure("pipeline.operator-chaining.enabled", chaining);
      CollectSink<int64_t> even;
      CollectSink<size_t> odd;
      const auto split =
          env.from_source(GeneratorSource<int64_t>(1000, [](int64_t i) { return 14 + i; }),
                          no_watermarks(), "numbers")
              .process(SplitOdd{});
      split.sink_to(even);
      split.get_side_output(kOdd).rebalance().map(&std::string::size).sink_to(odd);
      const auto result = env.run("split");
      ASSERT_TRUE(result.ok()) << result.status().to_string();
      EXPECT_EQ(even.records().size(), 500u);
      EXPECT_EQ(odd.records().size(), 500u);
    }
  }
}

TEST(SideOutputs, OtherTypeThanIsReadFailsTheJobWithASentence) {
  StreamExecutionEnvironment env;
  CollectSink<int64_t> sink;
  env.from_elements<int64_t>({15})
      .process(SplitOdd{})
      .name("split")
      .uid("split")
      .get_side_output(OutputTag<int64_t>("odd"))
      .sink_to(sink);
  const auto result = env.run("split");
  EXPECT_NE(result.status().message().find(
                "operator 'split' (uid 'split', subtask 0) threw: side output 'odd' is given "
                "records of another type"),
            std::string::npos)
      << result.status().to_string();
}

}  // namespace
}  // namespace weir
