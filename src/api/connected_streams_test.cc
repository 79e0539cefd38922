// Operators with two inputs.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "graph/build_job_graph.h"
#include "weir/testing.h"
#include "weir/weir.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

using Text = std::string;
using Texts = std::vector<TestRecord<Text>>;
using Harness = TwoStreamTestHarness<int64_t, Text, Text>;

TEST(ConnectedStreams, MapsRecordsOfEachInputInItsOwnWay) {
  Harness harness([](const DataStream<int64_t>& numbers, const DataStream<Text>& texts) {
    return numbers.connect(texts).map([](int64_t n) { return "number " + std::to_string(n); },
                                      [](const Text& text) { return "text " + text; });
  });
  harness.element1(1, 10);
  harness.element2("a", 5);
  harness.element1(2);
  EXPECT_EQ(harness.take_output(),
            (Texts{{"number 1", 10}, {"text a", 5}, {"number 2", kNoTimestamp}}));
}

TEST(ConnectedStreams, FlatMapsThemIntoAnyNumberOfRecords) {
  Harness harness([](const DataStream<int64_t>& numbers, const DataStream<Text>& texts) {
    return numbers.connect(texts).flat_map(
        [](const int64_t& n, Collector<Text>& out) {
          for (int64_t i = 0; i < n; ++i) out.collect("x");
        },
        [](const Text& text, Collector<Text>& out) {
          if (!text.empty()) out.collect(text);
        });
  });
  harness.element1(2, 1);
  harness.element2("", 2);
  harness.element2("a", 3);
  EXPECT_EQ(harness.take_output(), (Texts{{"x", 1}, {"x", 1}, {"a", 3}}));
}

/// The texts are a prefix for the numbers after them.
struct Prefix final : CoProcessFunction<int64_t, Text, Text> {
  void open(RuntimeContext& context) override { prefix_ = context.operator_name() + " "; }
  void process_element1(const int64_t& number, Context& context, Collector<Text>& out) override {
    out.collect(prefix_ + std::to_string(number) + " at " +
                std::to_string(context.current_watermark()));
  }
  void process_element2(const Text& text, Context& context, Collector<Text>&) override {
    context.output(OutputTag<Text>("old"), prefix_);
    prefix_ = text;
  }

 private:
  Text prefix_;
};

TEST(ConnectedStreams, BothCallsOfAFunctionShareItsFields) {
  Harness harness([](const DataStream<int64_t>& numbers, const DataStream<Text>& texts) {
    return numbers.connect(texts).process(Prefix{});
  });
  harness.watermark1(40);
  harness.watermark2(30);
  harness.element1(1, 100);
  harness.element2("new ", 101);
  harness.element1(2, 102);
  EXPECT_EQ(harness.take_output(), (Texts{{"process 1 at 30", 100}, {"new 2 at 30", 102}}));
  EXPECT_EQ(harness.take_side_output(OutputTag<Text>("old")), (Texts{{"process ", 101}}));
}

/// Joins a number and a text of a key: the second to come gives the result; a minute after the
/// first without the other a timer gives it alone.
struct Join final : KeyedCoProcessFunction<int64_t, int64_t, Text, Text> {
  void open(RuntimeContext& context) override {
    number_ = context.state(ValueStateDescriptor<int64_t>{"number"});
    text_ = context.state(ValueStateDescriptor<Text>{"text"});
    due_ = context.state(ValueStateDescriptor<Timestamp>{"due"});
  }
  void process_element1(const int64_t& number, Context& context, Collector<Text>& out) override {
    if (text_.value() == nullptr) return wait(context), number_.update(number);
    emit(std::to_string(number), *text_.value(), context, out);
  }
  void process_element2(const Text& text, Context& context, Collector<Text>& out) override {
    if (number_.value() == nullptr) return wait(context), text_.update(text);
    emit(std::to_string(*number_.value()), text, context, out);
  }
  void on_timer(Timestamp, OnTimerContext& context, Collector<Text>& out) override {
    emit(number_.value() != nullptr ? std::to_string(*number_.value()) : "none",
         text_.value_or("none"), context, out);
  }

 private:
  void wait(Context& context) {
    due_.update(context.timestamp() + 60'000);
    context.timer_service().register_event_time_timer(*due_.value());
  }
  void emit(const Text& number, const Text& text, Context& context, Collector<Text>& out) {
    out.collect(std::to_string(context.current_key()) + ": " + number + " " + text);
    context.timer_service().delete_event_time_timer(*due_.value());
    number_.clear();
    text_.clear();
    due_.clear();
  }
  ValueState<int64_t> number_;
  ValueState<Text> text_;
  ValueState<Timestamp> due_;
};

int64_t last_digit(const int64_t& number) { return number % 10; }
int64_t first_digit(const Text& text) { return text[0] - '0'; }

DataStream<Text> join(const DataStream<int64_t>& numbers, const DataStream<Text>& texts) {
  return numbers.key_by(&last_digit)
      .connect(texts.key_by(&first_digit))
      .process(Join{})
      .uid("join");
}

TEST(ConnectedStreams, KeyedInputsShareStateAndTimersOfTheirKey) {
  for (const int parallelism : {1, 3}) {
    Harness harness(join, {.parallelism = parallelism});
    harness.element1(41, 1'000);
    harness.element2("2b", 1'000);
    EXPECT_EQ(harness.take_output(), Texts());
    harness.element2("1a", 2'000);
    EXPECT_EQ(harness.take_output(), (Texts{{"1: 41 1a", 2'000}}));
    harness.watermark1(70'000);
    EXPECT_EQ(harness.take_output(), Texts()) << "the second input is behind";
    harness.watermark2(61'000);
    EXPECT_EQ(harness.take_output(), (Texts{{"2: none 2b", 61'000}}));
  }
}

TEST(ConnectedStreams, KeyByOnBothIsTheSame) {
  Harness harness([](const DataStream<int64_t>& numbers, const DataStream<Text>& texts) {
    return numbers.connect(texts).key_by(&last_digit, &first_digit).process(Join{});
  });
  harness.element2("7x", 1);
  harness.element1(7, 2);
  EXPECT_EQ(harness.take_output(), (Texts{{"7: 7 7x", 2}}));
}

TEST(ConnectedStreams, StateOfBothInputsIsRestoredAtAnyParallelism) {
  for (const int before : {1, 2}) {
    for (const int after : {1, 3}) {
      Harness harness(join, {.parallelism = before});
      for (int64_t key = 0; key < 10; ++key) {
        if (key % 2 == 0) harness.element1(100 + key, 1'000);
        else harness.element2(std::to_string(key) + "t", 1'000);
      }
      const TestSnapshot snapshot = harness.snapshot();
      harness.element1(1, 1'000);
      harness.restore(snapshot, after);
      harness.take_output();
      for (int64_t key = 0; key < 8; ++key) {
        if (key % 2 != 0) harness.element1(200 + key, 2'000);
        else harness.element2(std::to_string(key) + "u", 2'000);
      }
      harness.watermark(60'999);
      std::vector<Text> texts = harness.take_values();
      EXPECT_EQ(texts, (std::vector<Text>{"0: 100 0u", "1: 201 1t", "2: 102 2u", "3: 203 3t",
                                          "4: 104 4u", "5: 205 5t", "6: 106 6u", "7: 207 7t"}));
      harness.watermark(61'000);
      texts = harness.take_values();
      std::sort(texts.begin(), texts.end());
      EXPECT_EQ(texts, (std::vector<Text>{"8: 108 none", "9: none 9t"}));
    }
  }
}

TEST(ConnectedStreams, SurvivesARestoreBeforeAnyStep) {
  // Both inputs come from one stream: negative numbers become texts.
  StreamTestScenario<int64_t, Text> scenario([](const DataStream<int64_t>& all) {
    const auto texts = all.filter([](int64_t n) { return n < 0; }).map([](int64_t n) {
      return std::to_string(-n) + "t";
    });
    return join(all.filter([](int64_t n) { return n >= 0; }), texts);
  });
  scenario.element(1, 10).element(-2, 20).watermark(30).element(-1, 40).element(3, 40);
  scenario.element(2, 50).watermark(60'039).element(-3, 70'000).end_of_input();
  EXPECT_EQ(scenario.run().size(), 3u);
  EXPECT_EQ(scenario.check(), "");
}

TEST(ConnectedStreams, AStreamMayBeConnectedWithItself) {
  StreamTestHarness<int64_t, Text> harness([](const DataStream<int64_t>& numbers) {
    return numbers.connect(numbers).map([](int64_t n) { return "first " + std::to_string(n); },
                                        [](int64_t n) { return "second " + std::to_string(n); });
  });
  harness.element(1);
  EXPECT_EQ(harness.take_values(), (std::vector<Text>{"first 1", "second 1"}));
}

TEST(ConnectedStreams, EachInputMayBeAUnion) {
  TwoStreamTestHarness<int64_t, int64_t, int64_t> harness(
      [](const DataStream<int64_t>& a, const DataStream<int64_t>& b) {
        const auto hundreds = b.map([](int64_t n) { return 100 * n; });
        return a.union_with(b)
            .connect(b.union_with(hundreds))
            .map([](int64_t n) { return n; }, [](int64_t n) { return -n; });
      });
  harness.element1(1);
  harness.element2(2);
  std::vector<int64_t> values = harness.take_values();
  std::sort(values.begin(), values.end());
  EXPECT_EQ(values, (std::vector<int64_t>{-200, -2, 1, 2}));
}

TEST(ConnectedStreams, StreamsOfTwoEnvironmentsAreRefused) {
  StreamExecutionEnvironment env, other;
  CollectSink<int64_t> sink;
  env.from_elements<int64_t>({1})
      .connect(other.from_elements<int64_t>({2}))
      .map([](int64_t n) { return n; }, [](int64_t n) { return n; })
      .sink_to(sink);
  EXPECT_EQ(env.run("job").status().message(),
            "connect is given a stream of another environment; a job has one");
}

TEST(ConnectedStreams, RunInAJobWithCheckpointsAtAnyParallelism) {
  for (const int parallelism : {1, 3}) {
    StreamExecutionEnvironment env;
    env.set_parallelism(parallelism);
    env.enable_checkpointing(1ms);
    env.set_state_backend(FsStateBackend("memory:///connected/" + std::to_string(parallelism)));
    const auto strategy =
        for_monotonous_timestamps<int64_t>().with_timestamp_assigner([](int64_t n) { return n; });
    const auto numbers = env.from_source(GeneratorSource<int64_t>(10, [](int64_t i) { return i; }),
                                         strategy, "numbers");
    const auto texts =
        env.from_source(GeneratorSource<int64_t>(8, [](int64_t i) { return i; }), strategy, "keys")
            .rebalance()
            .map([](int64_t n) { return std::to_string(n) + "t"; });
    CollectSink<Text> sink;
    join(numbers, texts).sink_to(sink);
    const auto result = env.run("join");
    ASSERT_TRUE(result.ok()) << result.status().to_string();
    std::vector<Text> lines = sink.records();
    std::sort(lines.begin(), lines.end());
    EXPECT_EQ(lines,
              (std::vector<Text>{"0: 0 0t", "1: 1 1t", "2: 2 2t", "3: 3 3t", "4: 4 4t", "5: 5 5t",
                                 "6: 6 6t", "7: 7 7t", "8: 8 none", "9: 9 none"}));
  }
}

}  // namespace
}  // namespace weir
