// Joins of two streams by windows.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "weir/testing.h"
#include "weir/weir.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

using Text = std::string;
using Texts = std::vector<TestRecord<Text>>;
using Harness = TwoStreamTestHarness<int64_t, Text, Text>;

int64_t last_digit(const int64_t& number) { return number % 10; }
int64_t first_digit(const Text& text) { return text[0] - '0'; }

Text pair(const int64_t& number, const Text& text) { return std::to_string(number) + " " + text; }

auto joined(const DataStream<int64_t>& numbers, const DataStream<Text>& texts) {
  return numbers.join(texts).where(&last_digit).equal_to(&first_digit);
}
auto grouped(const DataStream<int64_t>& numbers, const DataStream<Text>& texts) {
  return numbers.co_group(texts).where(&last_digit).equal_to(&first_digit);
}
const auto kWindows = TumblingEventTimeWindows::of(10ms);

std::vector<Text> values(Harness& harness) {
  std::vector<Text> all;
  for (auto& record : harness.take_output()) all.push_back(std::move(record.value));
  std::sort(all.begin(), all.end());
  return all;
}

TEST(WindowJoin, PairsAllRecordsOfAKeyAndWindow) {
  for (const int parallelism : {1, 3}) {
    Harness harness(
        [](const auto& numbers, const auto& texts) {
          return joined(numbers, texts).window(kWindows).apply(&pair).uid("join");
        },
        {.parallelism = parallelism});
    harness.element1(1, 1);
    harness.element1(11, 9);
    harness.element2("1a", 5);
    harness.element2("1b", 10);
    harness.element2("2", 5);
    harness.element2("1c", 0);
    harness.watermark1(9);
    EXPECT_EQ(values(harness), std::vector<Text>()) << "the second input is behind";
    harness.watermark2(9);
    const Texts output = harness.take_output();
    for (const auto& record : output) EXPECT_EQ(record.timestamp, 9);
    std::vector<Text> pairs;
    for (const auto& record : output) pairs.push_back(record.value);
    EXPECT_EQ(pairs, (std::vector<Text>{"1 1a", "1 1c", "11 1a", "11 1c"}));
    harness.watermark(19);
    EXPECT_EQ(values(harness), std::vector<Text>()) << "1b has no partner";
  }
}

TEST(WindowJoin, AFunctionMayCollectAnyNumberOfResults) {
  Harness harness([](const auto& numbers, const auto& texts) {
    return joined(numbers, texts)
        .window(kWindows)
        .apply([](const int64_t& number, const Text& text, Collector<Text>& out) {
          for (int64_t i = 0; i < number / 10; ++i) out.collect(text);
        });
  });
  harness.element1(1, 1);
  harness.element1(21, 1);
  harness.element2("1", 1);
  harness.watermark(9);
  EXPECT_EQ(harness.take_output(), (Texts{{"1", 9}, {"1", 9}}));
}

TEST(WindowJoin, CoGroupGetsBothSidesOfEveryWindow) {
  Harness harness([](const auto& numbers, const auto& texts) {
    return grouped(numbers, texts)
        .window(kWindows)
        .apply([](const std::vector<int64_t>& first, const std::vector<Text>& second,
                  Collector<Text>& out) {
          Text text;
          for (const int64_t number : first) text += std::to_string(number) + " ";
          text += "|";
          for (const Text& each : second) text += " " + each;
          out.collect(text);
        });
  });
  harness.element1(1, 1);
  harness.element2("1a", 5);
  harness.element1(11, 0);
  harness.element2("2", 5);
  harness.element1(3, 9);
  harness.watermark(9);
  EXPECT_EQ(values(harness), (std::vector<Text>{"1 11 | 1a", "3 |", "| 2"}));
}

TEST(WindowJoin, BothStreamsMayHaveTheSameType) {
  TwoStreamTestHarness<int64_t, int64_t, int64_t> harness(
      [](const DataStream<int64_t>& a, const DataStream<int64_t>& b) {
        return a.join(b)
            .where(&last_digit)
            .equal_to(&last_digit)
            .window(kWindows)
            .apply([](int64_t x, int64_t y) { return x - y; });
      });
  harness.element1(11, 1);
  harness.element2(1, 1);
  harness.watermark(9);
  EXPECT_EQ(harness.take_output(), (std::vector<TestRecord<int64_t>>{{10, 9}}));
}

TEST(WindowJoin, ALateRecordEmitsItsWindowAgain) {
  Harness harness([](const auto& numbers, const auto& texts) {
    return joined(numbers, texts).window(kWindows).allowed_lateness(5ms).apply(&pair);
  });
  harness.element1(1, 1);
  harness.element2("1a", 5);
  harness.watermark(10);
  EXPECT_EQ(values(harness), (std::vector<Text>{"1 1a"}));
  harness.element2("1b", 5);
  EXPECT_EQ(values(harness), (std::vector<Text>{"1 1a", "1 1b"}));
  harness.watermark(14);
  harness.element2("1c", 5);
  EXPECT_EQ(values(harness), std::vector<Text>());
  EXPECT_EQ(harness.metric("numLateRecordsDropped"), 1);
}

TEST(WindowJoin, TriggersAndEvictorsSeeTheRecordsOfBothStreams) {
  Harness harness([](const auto& numbers, const auto& texts) {
    return joined(numbers, texts)
        .window(GlobalWindows::create())
        .trigger(CountTrigger::of(2))
        .evictor(CountEvictor::of(3))
        .apply(&pair);
  });
  harness.element1(1);
  harness.element2("1a");
  EXPECT_EQ(values(harness), (std::vector<Text>{"1 1a"}));
  harness.element1(11);
  harness.element2("1b");
  EXPECT_EQ(values(harness), (std::vector<Text>{"11 1a", "11 1b"}));
}

TEST(WindowJoin, SessionsOfBothStreamsMerge) {
  Harness harness([](const auto& numbers, const auto& texts) {
    return joined(numbers, texts).window(EventTimeSessionWindows::with_gap(10ms)).apply(&pair);
  });
  harness.element1(1, 0);
  harness.element2("1a", 9);
  harness.element2("1b", 18);
  harness.element1(11, 29);
  harness.watermark(27);
  EXPECT_EQ(harness.take_output(), (Texts{{"1 1a", 27}, {"1 1b", 27}}));
}

TEST(WindowJoin, IsRestoredAtAnyParallelism) {
  for (const int after : {1, 2, 5}) {
    Harness harness(
        [](const auto& numbers, const auto& texts) {
          return joined(numbers, texts).window(kWindows).apply(&pair).uid("join");
        },
        {.parallelism = 3});
    std::vector<Text> expected;
    for (int64_t key = 0; key < 10; ++key) {
      harness.element1(key, 1);
      expected.push_back(pair(key, std::to_string(key)));
    }
    const TestSnapshot snapshot = harness.snapshot();
    harness.watermark(100);
    harness.restore(snapshot, after);
    ASSERT_TRUE(harness.status().ok()) << harness.status().to_string();
    for (int64_t key = 0; key < 10; ++key) harness.element2(std::to_string(key), 2);
    harness.watermark(9);
    EXPECT_EQ(values(harness), expected);
  }
}

TEST(WindowJoin, AnExceptionIsTheCallers) {
  Harness harness([](const auto& numbers, const auto& texts) {
    return joined(numbers, texts).window(kWindows).apply([](const int64_t&, const Text&) -> Text {
      throw std::runtime_error("no");
    });
  });
  harness.element1(1, 1);
  harness.element2("1", 1);
  EXPECT_THROW(harness.watermark(9), std::runtime_error);
}

TEST(WindowJoin, NullFunctionsAreRefusedWithTheGraph) {
  int64_t (*no_key)(const int64_t&) = nullptr;
  Text (*no_function)(const int64_t&, const Text&) = nullptr;
  const Harness harness([&](const auto& numbers, const auto& texts) {
    return numbers.join(texts)
        .where(no_key)
        .equal_to(&first_digit)
        .window(kWindows)
        .apply(no_function);
  });
  EXPECT_NE(harness.status().to_string().find("where is given a function that is null"), Text::npos)
      << harness.status().to_string();
}

}  // namespace
}  // namespace weir
