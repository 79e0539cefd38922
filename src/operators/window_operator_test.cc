#include "weir/detail/window/make_window.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "operators/log_lines.h"
#include "testing/operator_harness.h"
#include "weir/window/windows.h"

namespace weir {
namespace {

using namespace std::chrono_literals;
using detail::make_window_aggregate;
using detail::make_window_process;
using detail::make_window_reduce;
using detail::TypedKeyHasher;
using Lines = std::vector<std::string>;

struct Reading {
  std::string sensor;
  int64_t value = 0;
  WEIR_FIELDS(Reading, sensor, value)
};
std::ostream& operator<<(std::ostream& out, const Reading& r) {
  return out << r.sensor << ' ' << r.value;
}
using SensorOf = std::string Reading::*;

struct Mean {
  struct Accumulator {
    int64_t sum = 0;
    int64_t count = 0;
    WEIR_FIELDS(Accumulator, sum, count)
  };
  Accumulator create_accumulator() const { return {}; }
  void add(const Reading& r, Accumulator& a) const {
    a.sum += r.value;
    ++a.count;
  }
  double get_result(const Accumulator& a) const {
    return static_cast<double>(a.sum) / static_cast<double>(a.count);
  }
};

class Describe : public ProcessWindowFunction<double, std::string, std::string> {
 public:
  void process(const std::string& key, const WindowContext& context,
               const std::vector<double>& elements, Collector<std::string>& out) override {
    for (const double mean : elements) {
      out.collect(key + " [" + std::to_string(context.window.start) + ", " +
                  std::to_string(context.window.end) + ") " +
                  std::to_string(static_cast<int64_t>(mean * 10)));
    }
  }
};
class ListAll : public ProcessWindowFunction<Reading, std::string, std::string> {
 public:
  void process(const std::string& key, const WindowContext& context,
               const std::vector<Reading>& elements, Collector<std::string>& out) override {
    std::string text = key + " from " + std::to_string(context.window.start) + ":";
    for (const Reading& r : elements) text += ' ' + std::to_string(r.value);
    out.collect(text);
  }
};
const auto kMax = [](const Reading& a, const Reading& b) { return a.value >= b.value ? a : b; };
const auto kTenMs = TumblingEventTimeWindows::of(10ms);

std::shared_ptr<const KeyHasher> by_sensor() {
  return std::make_shared<TypedKeyHasher<Reading, SensorOf>>(&Reading::sensor);
}
Lines sorted(Lines lines) {
  std::sort(lines.begin(), lines.end());
  return lines;
}

OperatorScenario& feed(OperatorScenario& scenario) {
  return scenario.keyed_by(by_sensor())
      .any_order()
      .records(batch_of<Reading>({{{"a", 1}, 3},
                                  {{"b", 5}, 4},
                                  {{"a", 4}, 9},
                                  {{"a", 7}, 10},
                                  {{"b", -2}, -1},
                                  {{"b", -4}, -10}}))
      .watermark(8)
      .records(batch_of<Reading>({{{"a", 4}, 0}, {{"b", 100}, -1}}))  // the second is late
      .watermark(9)
      .records(batch_of<Reading>({{{"a", 1000}, 9}, {{"c", 2}, 25}}))  // the first is late
      .watermark(kMaxWatermark)
      .finish();
}

TEST(TumblingEventTimeWindows, StartAtMultiplesOfTheirSizeBeforeAndAfter1970) {
  EXPECT_EQ(kTenMs.window_of(0), (TimeWindow{0, 10}));
  EXPECT_EQ(kTenMs.window_of(9), (TimeWindow{0, 10}));
  EXPECT_EQ(kTenMs.window_of(10), (TimeWindow{10, 20}));
  EXPECT_EQ(kTenMs.window_of(-1), (TimeWindow{-10, 0}));
  EXPECT_EQ(kTenMs.window_of(-10), (TimeWindow{-10, 0}));
  EXPECT_EQ(kTenMs.window_of(-11), (TimeWindow{-20, -10}));
  const auto shifted = TumblingEventTimeWindows::of(10ms, 3ms);
  EXPECT_EQ(shifted.window_of(2), (TimeWindow{-7, 3}));
  EXPECT_EQ(shifted.window_of(3), (TimeWindow{3, 13}));
  EXPECT_EQ(shifted.window_of(-8), (TimeWindow{-17, -7}));
  EXPECT_EQ(TumblingEventTimeWindows::of(10ms, -7ms).window_of(2), (TimeWindow{-7, 3}));
  EXPECT_EQ(TumblingEventTimeWindows::of(1ms).setup_problem(), "");
  EXPECT_EQ(TumblingEventTimeWindows::of(0ms).setup_problem(),
            "a tumbling window must be at least 1 ms long, and TumblingEventTimeWindows::of() is "
            "given 0 ms");
}

TEST(WindowAggregate, EmitsEachWindowAfterTheWatermarkHasPassedIt) {
  OperatorScenario scenario(make_window_aggregate<Reading>(&Reading::sensor, kTenMs, Mean{}),
                            show_batch_of<double>());
  feed(scenario);
  EXPECT_EQ(sorted(scenario.run()), sorted({"-3 @-1", "5 @9", "3 @9", "7 @19", "2 @29"}));
  EXPECT_EQ(scenario.check(), "");
}

TEST(WindowAggregate, PassesKeyAndWindowToAFunction) {
  OperatorScenario scenario(
      make_window_aggregate<Reading>(&Reading::sensor, kTenMs, Mean{}, Describe{}),
      show_batch_of<std::string>());
  feed(scenario);
  EXPECT_EQ(sorted(scenario.run()),
            sorted({"b [-10, 0) -30 @-1", "a [0, 10) 30 @9", "b [0, 10) 50 @9", "a [10, 20) 70 @19",
                    "c [20, 30) 20 @29"}));
  EXPECT_EQ(scenario.check(), "");
}

TEST(WindowReduce, EmitsTheReducedRecord) {
  OperatorScenario scenario(make_window_reduce<Reading>(&Reading::sensor, kTenMs, kMax),
                            show_batch_of<Reading>());
  feed(scenario);
  EXPECT_EQ(sorted(scenario.run()), sorted({"b -2 @-1", "a 4 @9", "b 5 @9", "a 7 @19", "c 2 @29"}));
  EXPECT_EQ(scenario.check(), "");
}

TEST(WindowReduce, PassesTheReducedRecordToAFunction) {
  OperatorScenario scenario(make_window_reduce<Reading>(&Reading::sensor, kTenMs, kMax, ListAll{}),
                            show_batch_of<std::string>());
  feed(scenario);
  EXPECT_EQ(sorted(scenario.run()),
            sorted({"b from -10: -2 @-1", "a from 0: 4 @9", "b from 0: 5 @9", "a from 10: 7 @19",
                    "c from 20: 2 @29"}));
  EXPECT_EQ(scenario.check(), "");
}

TEST(WindowProcess, GetsAllRecordsInTheirOrder) {
  OperatorScenario scenario(make_window_process<Reading>(&Reading::sensor, kTenMs, ListAll{}),
                            show_batch_of<std::string>());
  feed(scenario);
  EXPECT_EQ(sorted(scenario.run()),
            sorted({"b from -10: -2 -4 @-1", "a from 0: 1 4 4 @9", "b from 0: 5 @9",
                    "a from 10: 7 @19", "c from 20: 2 @29"}));
  EXPECT_EQ(scenario.check(), "");
}

TEST(WindowAggregate, FiresWindowsInTheOrderOfTime) {
  OperatorHarness harness(make_window_aggregate<Reading>(&Reading::sensor, kTenMs, Mean{})(),
                          show_batch_of<double>());
  ASSERT_TRUE(harness.open().ok());
  harness.process(
      *batch_of<Reading>({{{"a", 3}, 35}, {{"a", 1}, 15}, {{"a", -1}, -15}, {{"a", 2}, 25}}));
  harness.watermark_to_the_end(29);
  EXPECT_EQ(harness.take_output(), (Lines{"-1 @-11", "1 @19", "2 @29"}));
}

TEST(WindowAggregate, CountsLateRecords) {
  const auto factory = make_window_aggregate<Reading>(&Reading::sensor, kTenMs, Mean{});
  OperatorHarness harness(factory(), show_batch_of<double>());
  ASSERT_TRUE(harness.open().ok());
  harness.watermark_to_the_end(9);
  harness.process(*batch_of<Reading>(
      {{{"a", 3}, 9}, {{"a", 3}, 10}, {{"a", 3}, -9}, {{"a", 3}, 11}, {{"b", 3}, 0}}));
  EXPECT_EQ(harness.metrics().counter("numLateRecordsDropped").count(), 3);
}

TEST(WindowAggregate, EmitsABoundedNumberOfKeysPerCallAndStaysConsistent) {
  OperatorScenario scenario(make_window_aggregate<Reading>(&Reading::sensor, kTenMs, Mean{}),
                            show_batch_of<double>());
  scenario.keyed_by(by_sensor(), 300).any_order();
  for (int b = 0; b < 4; ++b) {
    auto batch = std::make_unique<BatchOf<Reading>>();
    for (int i = 0; i < 1500; ++i)
      batch->add({"the sensor of number " + std::to_string(i * 3 + b % 2), i + b}, b * 10 + i % 13);
    scenario.records(std::move(batch)).watermark(b * 10 + 4);
  }
  scenario.watermark(kMaxWatermark);
  EXPECT_EQ(scenario.check(), "");

  OperatorHarness harness(make_window_aggregate<Reading>(&Reading::sensor, kTenMs, Mean{})(),
                          show_batch_of<double>());
  ASSERT_TRUE(harness.open().ok());
  auto batch = std::make_unique<BatchOf<Reading>>();
  for (int i = 0; i < 5000; ++i) batch->add({"sensor " + std::to_string(i), i}, 5);
  harness.process(*batch);
  EXPECT_EQ(harness.advance_watermark(100), Progress::kMore);
  const size_t first = harness.take_output().size();
  EXPECT_GE(first, 1024u);
  EXPECT_LT(first, 2048u);
  harness.watermark_to_the_end(100);
  EXPECT_EQ(first + harness.take_output().size(), 5000u);
}

TEST(WindowAggregate, WarnsAtTheFirstLateRecordAndAtEachTenfoldCount) {
  LogLines log;
  OperatorHarness harness(make_window_aggregate<Reading>(&Reading::sensor, kTenMs, Mean{})(),
                          show_batch_of<double>());
  ASSERT_TRUE(harness.open().ok());
  harness.watermark_to_the_end(99);
  harness.process(*batch_of<Reading>({{{"a", 1}, 100}}));
  EXPECT_EQ(log.take(), Lines{}) << "nothing is late";
  harness.process(*batch_of<Reading>({{{"a", 1}, 59}, {{"a", 1}, 110}}));
  const Lines first = log.take();
  ASSERT_EQ(first.size(), 1u);
  for (const std::string_view part : {"operator 'operator under test'", "dropped 1 record ",
                                      "up to 40 ms", "for_bounded_out_of_orderness"}) {
    EXPECT_NE(first[0].find(part), std::string::npos) << first[0];
  }
  for (int i = 0; i < 8; ++i) harness.process(*batch_of<Reading>({{{"a", 1}, 50}}));
  EXPECT_EQ(log.take(), Lines{});
  harness.process(*batch_of<Reading>({{{"a", 1}, 9}}));
  const Lines second = log.take();
  ASSERT_EQ(second.size(), 1u);
  EXPECT_NE(second[0].find("dropped 10 records that came too late: up to 90 ms"), std::string::npos)
      << second[0];
  for (int i = 0; i < 989; ++i) harness.process(*batch_of<Reading>({{{"a", 1}, 50}}));
  EXPECT_EQ(log.take().size(), 1u) << "at 100, and not yet at 1000";
  harness.process(*batch_of<Reading>({{{"a", 1}, 50}}));
  EXPECT_EQ(log.take().size(), 1u);
}

TEST(WindowAggregate, RecordWithoutTimestampFailsTheTaskAndIsNamed) {
  const auto without = batch_of<Reading>({{{"a", 1}, kNoTimestamp}});
  const auto mixed = batch_of<Reading>({{{"b", 2}, 5}, {{"a", 1}, kNoTimestamp}});
  for (BatchOf<Reading>* batch : {without.get(), mixed.get()}) {
    OperatorHarness harness(make_window_aggregate<Reading>(&Reading::sensor, kTenMs, Mean{})(),
                            show_batch_of<double>());
    ASSERT_TRUE(harness.open().ok());
    harness.process(*batch);
    EXPECT_EQ(harness.failure().code(), StatusCode::kFailedPrecondition);
    for (const std::string_view part :
         {"operator 'operator under test'", "without a timestamp: a 1.", "timestamp assigner",
          "records-without-timestamp"}) {
      EXPECT_NE(harness.failure().message().find(part), std::string_view::npos)
          << harness.failure().message();
    }
  }
}

TEST(WindowAggregate, DropsAndCountsRecordsWithoutTimestampIfConfigured) {
  LogLines log;
  const auto make = make_window_aggregate<Reading>(&Reading::sensor, kTenMs, Mean{});
  OperatorHarness harness(make(detail::OperatorSettings{.drop_records_without_timestamp = true}),
                          show_batch_of<double>());
  ASSERT_TRUE(harness.open().ok());
  harness.process(*batch_of<Reading>(
      {{{"a", 9}, kNoTimestamp}, {{"b", 2}, 5}, {{"a", 9}, kNoTimestamp}, {{"b", 4}, 6}}));
  harness.process(*batch_of<Reading>({{{"a", 9}, kNoTimestamp}}));
  harness.watermark_to_the_end(kMaxWatermark);
  EXPECT_TRUE(harness.failure().ok());
  EXPECT_EQ(harness.take_output(), Lines{"3 @9"});
  EXPECT_EQ(harness.metrics().counter("numRecordsWithoutTimestampDropped").count(), 3);
  EXPECT_EQ(harness.metrics().counter("numLateRecordsDropped").count(), 0);
  EXPECT_EQ(log.take().size(), 1u);
}

TEST(WindowAggregate, ExtremeTimestampsSurviveEveryRestore) {
  for (const auto windows : {kTenMs, TumblingEventTimeWindows::of(1ms),
                             TumblingEventTimeWindows::of(std::chrono::hours(1'000'000), 7ms)}) {
    OperatorScenario scenario(make_window_reduce<Reading>(&Reading::sensor, windows, kMax),
                              show_batch_of<Reading>());
    scenario.keyed_by(by_sensor()).any_order();
    scenario
        .records(batch_of<Reading>({{{"a", 1}, kNoTimestamp + 1},
                                    {{"a", 2}, kNoTimestamp + 2},
                                    {{"b", 3}, INT64_MAX},
                                    {{"c", 4}, INT64_MAX - 1}}))
        .records(batch_of<Reading>({{{"d", 5}, INT64_MAX - 10}, {{"d", 6}, -1}, {{"d", 7}, 0}}))
        .watermark(0)
        .records(batch_of<Reading>({{{"e", 8}, INT64_MAX}}))
        .watermark(kMaxWatermark);
    EXPECT_EQ(scenario.check(), "");
    EXPECT_GE(scenario.run().size(), 5u) << "no key is lost";
  }
}

/// The eight bytes of a timer's timestamp in a snapshot.
std::string timer_bytes(Timestamp timestamp) {
  BinaryWriter bytes;
  bytes.put_u64(static_cast<uint64_t>(timestamp) ^ (uint64_t{1} << 63));
  return bytes.take();
}

/// A snapshot as Flink writes it with an allowed lateness of 100 ms after windows up to 9 have
/// fired: "a" and "b" have fired in [0, 10), and "c" has not.
HarnessSnapshot with_fired_windows(const OperatorFactory& factory) {
  OperatorHarness harness(factory(), show_batch_of<Reading>());
  EXPECT_TRUE(harness.open().ok());
  harness.process(
      *batch_of<Reading>({{{"a", 1}, 3}, {{"b", 2}, 4}, {{"c", 3}, 5}, {{"a", 4}, 15}}));
  HarnessSnapshot snapshot = harness.snapshot(1);
  const std::string fires = timer_bytes(9);
  for (auto& [group, bytes] : snapshot.groups) {
    const size_t at = bytes.find(fires);
    if (at == std::string::npos || bytes.find("c", at) != std::string::npos) continue;
    bytes.replace(at, fires.size(), timer_bytes(109));
  }
  return snapshot;
}

TEST(WindowReduce, WindowsFiredInFlinkFireAgainOnlyForAnotherRecord) {
  const OperatorFactory factory = make_window_reduce<Reading>(&Reading::sensor, kTenMs, kMax);
  const HarnessSnapshot snapshot = with_fired_windows(factory);
  ASSERT_GE(snapshot.groups.size(), 3u) << "each key has a group";
  {
    OperatorHarness harness(factory(), show_batch_of<Reading>());
    ASSERT_TRUE(harness.open(&snapshot).ok());
    harness.watermark_to_the_end(kMaxWatermark);
    EXPECT_EQ(harness.take_output(), (Lines{"c 3 @9", "a 4 @19"}));
  }
  {
    OperatorHarness harness(factory(), show_batch_of<Reading>());
    ASSERT_TRUE(harness.open(&snapshot).ok());
    const HarnessSnapshot again = harness.snapshot(2);
    OperatorHarness after(factory(), show_batch_of<Reading>());
    ASSERT_TRUE(after.open(&again).ok());
    after.process(*batch_of<Reading>({{{"a", 0}, 7}}));
    after.watermark_to_the_end(9);
    EXPECT_EQ(sorted(after.take_output()), sorted({"a 1 @9", "c 3 @9"}))
        << "with what there was before";
    after.process(*batch_of<Reading>({{{"b", 0}, 7}}));
    after.watermark_to_the_end(kMaxWatermark);
    EXPECT_EQ(after.take_output(), Lines{"a 4 @19"}) << "the watermark has passed the window of b";
    EXPECT_TRUE(after.snapshot(3).groups.empty());
  }
}

TEST(WindowAggregate, SnapshotHasTheContentsAndTimersOfFlink) {
  OperatorHarness harness(make_window_aggregate<Reading>(&Reading::sensor, kTenMs, Mean{})(),
                          show_batch_of<double>());
  ASSERT_TRUE(harness.open().ok());
  harness.process(*batch_of<Reading>({{{"carol", 7}, -7}}));
  const HarnessSnapshot snapshot = harness.snapshot(1);
  ASSERT_EQ(snapshot.states.size(), 2u);
  EXPECT_EQ(snapshot.states[0].name, "window-contents");
  EXPECT_EQ(snapshot.states[0].kind, KeyedStateInfo::Kind::kAggregating);
  EXPECT_EQ(snapshot.states[0].name_space.kind, TypeKind::kTimeWindow);
  EXPECT_EQ(snapshot.states[1].name, "_timer_state/event_window-timers");
  EXPECT_EQ(snapshot.states[1].kind, KeyedStateInfo::Kind::kTimers);
  ASSERT_EQ(snapshot.groups.size(), 1u);
  EXPECT_EQ(snapshot.groups.begin()->first, 15);
  // State 0: key 8f (group 15, last of its state) "carol" [-10, 0), value (7, 1). State 1: key 8f,
  // the timer at -1, "carol",
  // [-10, 0).
  const std::string window =
      "fffffffffffffff6"
      "0000000000000000";
  EXPECT_EQ(detail::show_bytes(snapshot.groups.begin()->second),
            "0000"
            "00000017"
            "8f066361726f6c" +
                window +
                "00000010"
                "0000000000000007"
                "0000000000000001"
                "0001"
                "0000001f"
                "8f"
                "7fffffffffffffff"
                "066361726f6c" +
                window +
                "00000000"
                "ffff");
}

}  // namespace
}  // namespace weir
