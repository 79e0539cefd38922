// Joins of two streams by time.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "graph/build_job_graph.h"
#include "weir/testing.h"
#include "weir/weir.h"

namespace weir {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

using Text = std::string;
using Texts = std::vector<TestRecord<Text>>;
using Harness = TwoStreamTestHarness<int64_t, Text, Text>;

const OutputTag<int64_t> kLateLeft("late left");
const OutputTag<Text> kLateRight("late right");
const OutputTag<Text> kSeen("seen");

/// Emits "number text", and the times to a side output.
struct Pair final : ProcessJoinFunction<int64_t, Text, Text> {
  void open(RuntimeContext& context) override { pairs_ = &context.counter("pairs"); }
  void process_element(const int64_t& left, const Text& right, Context& context,
                       Collector<Text>& out) override {
    if (left == -1) throw std::runtime_error("no");
    pairs_->inc();
    out.collect(std::to_string(left) + " " + right);
    context.output(kSeen, std::to_string(context.left_timestamp()) + "/" +
                              std::to_string(context.right_timestamp()));
  }

 private:
  Counter* pairs_ = nullptr;
};

int64_t last_digit(const int64_t& number) { return number % 10; }
int64_t first_digit(const Text& text) { return text[0] - '0'; }

template <class Change>
auto joined(milliseconds lower, milliseconds upper, Change change) {
  return [=](const DataStream<int64_t>& numbers, const DataStream<Text>& texts) {
    return change(numbers.key_by(&last_digit)
                      .interval_join(texts.key_by(&first_digit))
                      .between(lower, upper))
        .process(Pair{})
        .uid("join");
  };
}
const auto kAsIs = [](auto join) { return join; };

std::vector<Text> values(Harness& harness) {
  std::vector<Text> all;
  for (auto& record : harness.take_output()) all.push_back(std::move(record.value));
  std::sort(all.begin(), all.end());
  return all;
}

TEST(IntervalJoin, JoinsRecordsOfAKeyWithinTheBounds) {
  for (const int parallelism : {1, 3}) {
    Harness harness(joined(-2ms, 3ms, kAsIs), {.parallelism = parallelism});
    for (const int64_t at : {7, 8, 10, 13, 14}) harness.element2("1@" + std::to_string(at), at);
    harness.element2("2@10", 10);
    harness.element1(11, 10);
    EXPECT_EQ(values(harness), (std::vector<Text>{"11 1@10", "11 1@13", "11 1@8"}));
    harness.element2("1b", 9);
    EXPECT_EQ(values(harness), (std::vector<Text>{"11 1b"}));
  }
}

TEST(IntervalJoin, ResultsHaveTheLaterTimestamp) {
  Harness harness(joined(-5ms, 5ms, kAsIs));
  harness.element1(1, 10);
  harness.element2("1a", 7);
  harness.element2("1b", 12);
  EXPECT_EQ(harness.take_output(), (Texts{{"1 1a", 10}, {"1 1b", 12}}));
  EXPECT_EQ(harness.take_side_output(kSeen), (Texts{{"10/7", 10}, {"10/12", 12}}));
  EXPECT_EQ(harness.metric("pairs"), 2);
}

TEST(IntervalJoin, ExclusiveBoundsLeaveOutTheirOwnTime) {
  Harness harness(joined(
      -2ms, 3ms, [](auto join) { return join.lower_bound_exclusive().upper_bound_exclusive(); }));
  harness.element1(1, 10);
  for (const int64_t at : {8, 9, 12, 13}) harness.element2("1@" + std::to_string(at), at);
  EXPECT_EQ(values(harness), (std::vector<Text>{"1 1@12", "1 1@9"}));
}

TEST(IntervalJoin, KeepsARecordUntilTheWatermarkPassesItsLastPartner) {
  Harness harness(joined(-2ms, 3ms, kAsIs));
  harness.element1(1, 10);
  harness.element2("1old", 10);
  (void)harness.take_output();
  harness.watermark(12);
  harness.element2("1a", 13);
  harness.element1(11, 12);  // "1old" may be needed until 12, and is gone
  EXPECT_EQ(values(harness), (std::vector<Text>{"1 1a", "11 1a"}));
  harness.watermark(13);
  harness.element2("1b", 13);  // not late, but its only partner at 10 is gone
  EXPECT_EQ(values(harness), (std::vector<Text>{"11 1b"}));
}

TEST(IntervalJoin, LateRecordsGoToTheirSideOutputsOrAreCounted) {
  const auto late = [](auto join) {
    return join.side_output_left_late_data(kLateLeft).side_output_right_late_data(kLateRight);
  };
  const auto piece = [&](const DataStream<int64_t>& numbers, const DataStream<Text>& texts) {
    const auto result = joined(-5ms, 5ms, late)(numbers, texts);
    return result.union_with(
        result.get_side_output(kLateLeft).map([](int64_t n) { return std::to_string(n); }),
        result.get_side_output(kLateRight).map([](const Text& text) { return "late " + text; }));
  };
  Harness harness(piece);
  harness.watermark(10);
  harness.element1(1, 9);
  harness.element1(2, 10);
  harness.element2("2a", 9);
  harness.element2("2b", 10);
  EXPECT_EQ(harness.take_output(), (Texts{{"1", 9}, {"late 2a", 9}, {"2 2b", 10}}));

  Harness dropping(joined(-5ms, 5ms, kAsIs));
  dropping.watermark(10);
  dropping.element1(1, 9);
  dropping.element2("1", 8);
  EXPECT_EQ(dropping.metric("numLateRecordsDropped"), 2);
}

TEST(IntervalJoin, ExtremeBoundsAndTimesSaturate) {
  const int64_t least = INT64_MIN + 1, greatest = INT64_MAX;
  Harness all(joined(milliseconds(INT64_MIN), milliseconds(INT64_MAX), kAsIs));
  for (const int64_t at : {least, int64_t{0}, greatest}) all.element1(1, at);
  for (const int64_t at : {least, int64_t{-1}, greatest}) all.element2("1", at);
  // Of the 9 pairs, 3 are further apart than the greatest bound.
  EXPECT_EQ(all.take_output().size(), 6u);
  all.watermark(greatest - 1);
  all.element2("1", greatest);
  EXPECT_EQ(all.take_output().size(), 2u) << "those at 0 and at the greatest time were kept";
  all.end_of_input();
  ASSERT_TRUE(all.status().ok()) << all.status().to_string();

  Harness later(joined(milliseconds(INT64_MAX), milliseconds(INT64_MAX), kAsIs));
  later.element1(1, 0);
  later.element1(2, -1);
  later.element2("1", greatest);
  later.element2("2", greatest - 1);
  EXPECT_EQ(values(later), (std::vector<Text>{"1 1", "2 2"}));

  Harness never(joined(-1ms, -1ms, kAsIs));
  never.element1(1, least);
  never.element2("1", least);
  EXPECT_EQ(values(never), std::vector<Text>());
}

TEST(IntervalJoin, BoundsWithoutATimeBetweenThemAreRefused) {
  const Harness reversed(joined(2ms, 1ms, kAsIs));
  EXPECT_NE(reversed.status().to_string().find("the lower bound of between() is 2 ms and the upper "
                                               "one 1 ms"),
            Text::npos)
      << reversed.status().to_string();
  const Harness exclusive(joined(
      1ms, 2ms, [](auto join) { return join.lower_bound_exclusive().upper_bound_exclusive(); }));
  EXPECT_FALSE(exclusive.status().ok());
  const Harness one(joined(1ms, 1ms, kAsIs));
  EXPECT_TRUE(one.status().ok()) << one.status().to_string();
}

TEST(IntervalJoin, ARecordWithoutTimestampFailsTheJob) {
  Harness harness(joined(-5ms, 5ms, kAsIs));
  harness.element2("1a");
  EXPECT_NE(harness.status().to_string().find("got a record without a timestamp: 1a"), Text::npos)
      << harness.status().to_string();
}

TEST(IntervalJoin, AnExceptionIsTheCallers) {
  Harness harness(joined(-5ms, 5ms, kAsIs));
  harness.element1(-1, 1);
  EXPECT_THROW(harness.element2("/", 1), std::runtime_error);
}

TEST(IntervalJoin, IsRestoredAtAnyParallelism) {
  for (const int after : {1, 2, 5}) {
    Harness harness(joined(-2ms, 3ms, kAsIs), {.parallelism = 3});
    std::vector<Text> expected;
    for (int64_t key = 0; key < 10; ++key) {
      harness.element1(key, 10);
      harness.element2(std::to_string(key) + "old", 14);
    }
    harness.watermark(11);
    EXPECT_EQ(values(harness), std::vector<Text>());
    const TestSnapshot snapshot = harness.snapshot();
    harness.watermark(1000);  // lost with the failure
    harness.restore(snapshot, after);
    ASSERT_TRUE(harness.status().ok()) << harness.status().to_string();
    harness.watermark(11);
    for (int64_t key = 0; key < 10; ++key) {
      harness.element2(std::to_string(key) + "a", 13);
      harness.element1(key + 10, 12);
      for (const char* pair : {"a", "old"})
        expected.push_back(std::to_string(key + 10) + " " + std::to_string(key) + pair);
      expected.push_back(std::to_string(key) + " " + std::to_string(key) + "a");
    }
    std::sort(expected.begin(), expected.end());
    EXPECT_EQ(values(harness), expected);
    harness.watermark(13);
    harness.element2("3c", 13);
    EXPECT_EQ(values(harness), (std::vector<Text>{"13 3c"})) << "the timers were restored";
  }
}

}  // namespace
}  // namespace weir
