// What window_cases_test.cc does not compare with Flink: extreme values, errors, restores by
// another program, custom triggers.

#include "weir/detail/window/triggered_operator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "testing/operator_harness.h"
#include "weir/detail/window/make_window.h"
#include "weir/window/windows.h"

namespace weir::detail {
namespace {

using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

struct Record {
  std::string key;
  int64_t value = 0;
  WEIR_FIELDS(Record, key, value)
};
using KeyOfRecord = std::string Record::*;

const auto kSum = [](Record a, const Record& b) { return Record{a.key, a.value + b.value}; };

class Show : public ProcessWindowFunction<Record, std::string, std::string> {
 public:
  void process(const std::string& key, const WindowContext& context,
               const std::vector<Record>& elements, Collector<std::string>& out) override {
    const auto& [start, end] = context.window;
    std::string line = key + " [" + std::to_string(start) + ", " + std::to_string(end) + ")";
    for (const Record& element : elements) line += ' ' + std::to_string(element.value);
    out.collect(line);
  }
};
template <class Setup>
OperatorFactory sum(Setup setup) {
  return make_window_reduce<Record>(&Record::key, setup, kSum, Show());
}
template <class A>
auto late(A assigner, Timestamp lateness) {
  auto setup = setup_of(assigner).with_real_trigger();
  setup.lateness = lateness;
  return setup;
}
Lines sorted(Lines lines) {
  std::sort(lines.begin(), lines.end());
  return lines;
}
std::shared_ptr<const KeyHasher> by_key() {
  return std::make_shared<TypedKeyHasher<Record, KeyOfRecord>>(&Record::key);
}
const auto kTenMs = TumblingEventTimeWindows::of(10ms);
const auto kSessions = EventTimeSessionWindows::with_gap(10ms);

class Harness {
 public:
  explicit Harness(const OperatorFactory& factory, const HarnessSnapshot* snapshot = nullptr)
      : harness_(factory(), show_batch_of<std::string>()) {
    EXPECT_TRUE(harness_.open(snapshot).ok());
  }
  void record(const std::string& key, int64_t value, Timestamp timestamp) {
    process(*batch_of<Record>({{{key, value}, timestamp}}));
  }
  void process(Batch& batch) { harness_.process(batch); }
  void watermark_to_the_end(Timestamp watermark) { harness_.watermark_to_the_end(watermark); }
  Progress advance_watermark(Timestamp watermark) { return harness_.advance_watermark(watermark); }
  void finish() { harness_.finish(); }
  HarnessSnapshot snapshot(int64_t id) { return harness_.snapshot(id); }
  Lines take_output() { return harness_.take_output(); }
  const Status& failure() const { return harness_.failure(); }
  int64_t late() { return harness_.metrics().counter("numLateRecordsDropped").count(); }

 private:
  OperatorHarness harness_;
};

TEST(CumulativeWindows, EachStepEmitsTheResultsSinceTheBeginning) {
  const auto windows = CumulativeEventTimeWindows::of(10ms, 30ms);
  // The first operator keeps panes, the second windows.
  for (const OperatorFactory& factory : {sum(windows), sum(late(windows, 0))}) {
    Harness harness(factory);
    harness.record("a", 1, 3);
    harness.record("a", 2, 25);
    harness.record("b", 4, 14);
    harness.watermark_to_the_end(9);
    EXPECT_EQ(harness.take_output(), Lines{"a [0, 10) 1 @9"});
    harness.record("a", 8, 5);  // too late for the first window only
    harness.watermark_to_the_end(19);
    EXPECT_EQ(sorted(harness.take_output()), (Lines{"a [0, 20) 9 @19", "b [0, 20) 4 @19"}));
    harness.watermark_to_the_end(29);
    EXPECT_EQ(sorted(harness.take_output()), (Lines{"a [0, 30) 11 @29", "b [0, 30) 4 @29"}));
    harness.record("a", 16, 29);
    harness.record("a", 32, 30);
    harness.watermark_to_the_end(kMaxWatermark);
    EXPECT_EQ(harness.take_output(),
              (Lines{"a [30, 40) 32 @39", "a [30, 50) 32 @49", "a [30, 60) 32 @59"}));
    EXPECT_EQ(harness.late(), 1);
    EXPECT_TRUE(harness.snapshot(1).groups.empty()) << "nothing is kept";
  }
}

TEST(Windows, ExtremeTimestampsSurviveEveryRestore) {
  const auto huge = std::chrono::milliseconds(INT64_MAX);
  const auto short_gap = [](const Record&) { return 1ms; };
  for (const OperatorFactory& factory :
       {sum(SlidingEventTimeWindows::of(10ms, 5ms)), sum(SlidingEventTimeWindows::of(10ms, 3ms)),
        sum(SlidingEventTimeWindows::of(huge, huge, 7ms)), sum(late(kTenMs, INT64_MAX)),
        sum(late(SlidingEventTimeWindows::of(10ms, 5ms), 3)), sum(kSessions),
        sum(late(kSessions, INT64_MAX)), sum(EventTimeSessionWindows::with_gap(huge)),
        sum(EventTimeSessionWindows::with_dynamic_gap(short_gap)),
        sum(CumulativeEventTimeWindows::of(10ms, 50ms))}) {
    OperatorScenario scenario(factory, show_batch_of<std::string>());
    scenario.keyed_by(by_key()).any_order();
    scenario
        .records(batch_of<Record>({{{"a", 1}, kNoTimestamp + 1},
                                   {{"a", 2}, kNoTimestamp + 2},
                                   {{"b", 3}, INT64_MAX},
                                   {{"c", 4}, INT64_MAX - 1}}))
        .records(batch_of<Record>({{{"d", 5}, INT64_MAX - 10}, {{"d", 6}, -1}, {{"d", 7}, 0}}))
        .watermark(0)
        .records(batch_of<Record>({{{"e", 8}, INT64_MAX}, {{"f", 9}, kNoTimestamp + 1}}))
        .watermark(kMaxWatermark);
    EXPECT_EQ(scenario.check(), "");
    Lines keys;
    for (const std::string& line : scenario.run()) keys.push_back(line.substr(0, 1));
    for (const char* key : {"a", "b", "c", "d", "e"})
      EXPECT_NE(std::find(keys.begin(), keys.end(), key), keys.end()) << key << " is lost";
  }
}

TEST(Windows, FinalWatermarkWithoutRecordsEmitsNothing) {
  for (const OperatorFactory& factory :
       {sum(SlidingEventTimeWindows::of(10ms, 5ms)), sum(kSessions), sum(late(kTenMs, 5)),
        sum(CumulativeEventTimeWindows::of(5ms, 10ms))}) {
    Harness harness(factory);
    harness.process(*batch_of<Record>({}));
    harness.watermark_to_the_end(kMaxWatermark);
    harness.finish();
    EXPECT_EQ(harness.take_output(), Lines{});
    EXPECT_TRUE(harness.snapshot(1).groups.empty());
  }
}

TEST(SlidingWindows, RandomRecordsEmitTheSumsOfTheirWindows) {
  for (uint32_t seed = 0; seed < 40; ++seed) {
    std::mt19937 random(seed);
    const auto below = [&](int64_t n) { return static_cast<int64_t>(random()) % n; };
    const int64_t size = 1 + below(40), slide = 1 + below(20), offset = below(50) - 25;
    const auto windows = SlidingEventTimeWindows::of(std::chrono::milliseconds(size),
                                                     std::chrono::milliseconds(slide),
                                                     std::chrono::milliseconds(offset));
    OperatorScenario panes(sum(windows), show_batch_of<std::string>());
    OperatorScenario apart(sum(late(windows, 0)), show_batch_of<std::string>());
    for (OperatorScenario* scenario : {&panes, &apart}) scenario->keyed_by(by_key()).any_order();
    int64_t watermark = -50;
    for (int step = 0; step < 12; ++step) {
      auto batch = std::make_unique<BatchOf<Record>>();
      for (int64_t i = below(8); i > 0; --i) {
        batch->add({std::string(1, static_cast<char>('a' + below(3))), 1 + below(9)},
                   watermark + below(90) - 30);
      }
      watermark += below(25);
      apart.records(batch->copy()).watermark(watermark);
      panes.records(std::move(batch)).watermark(watermark);
    }
    apart.watermark(kMaxWatermark);
    panes.watermark(kMaxWatermark);
    ASSERT_EQ(sorted(panes.run()), sorted(apart.run())) << "seed " << seed;
    ASSERT_EQ(panes.check(), "") << "seed " << seed;
  }
}

TEST(SlidingWindows, StateDoesNotGrowWithTheOverlap) {
  const auto bytes = [](int64_t size) {
    Harness harness(sum(SlidingEventTimeWindows::of(std::chrono::milliseconds(size), 10ms)));
    for (int i = 0; i < 100; ++i) harness.record("a", i, i * 10);
    size_t all = 0;
    for (const auto& [group, text] : harness.snapshot(1).groups) all += text.size();
    return all;
  };
  EXPECT_EQ(bytes(10), bytes(10'000));
}

TEST(Sessions, ManyInAnyOrderMergeInTimeProportionalToThem) {
  constexpr int kCount = 100'000;
  std::vector<Timestamp> times(kCount);
  for (int i = 0; i < kCount; ++i) times[static_cast<size_t>(i)] = Timestamp{i} * 20;
  std::shuffle(times.begin(), times.end(), std::mt19937(5));
  Harness harness(sum(kSessions));
  BatchOf<Record> batch;
  for (const Timestamp time : times) batch.add({"a", 1}, time);
  harness.process(batch);
  for (const Timestamp time : times) batch.add({"a", 1}, time + 10);
  harness.process(batch);
  harness.watermark_to_the_end(kMaxWatermark);
  EXPECT_EQ(harness.take_output(), Lines{"a [0, 2000000) 200000 @1999999"});
}

TEST(Sessions, ContinueAtAnotherParallelism) {
  OperatorScenario scenario(sum(late(kSessions, 6)), show_batch_of<std::string>());
  scenario.keyed_by(by_key()).any_order();
  std::mt19937 random(11);
  for (int64_t step = 0; step < 8; ++step) {
    auto batch = std::make_unique<BatchOf<Record>>();
    for (int i = 0; i < 12; ++i)
      batch->add({std::string(1, static_cast<char>('a' + random() % 7)), 1},
                 step * 12 + static_cast<int64_t>(random() % 40) - 15);
    scenario.records(std::move(batch)).watermark(step * 12 - 3);
  }
  scenario.watermark(kMaxWatermark);
  EXPECT_EQ(scenario.check(), "");
  EXPECT_GT(scenario.run().size(), 10u);
}

/// Purges at each record, so that a session is only its timer.
struct PurgeAlways : EventTimeTrigger {
  template <class T>
  TriggerResult on_element(const T& record, Timestamp time, const TimeWindow& window,
                           NoTriggerState& state, TimerService& timers) const {
    EventTimeTrigger::on_element(record, time, window, state, timers);
    return TriggerResult::kFireAndPurge;
  }
};

TEST(Sessions, PurgedOnesKeepTheirExtentInASnapshot) {
  const OperatorFactory factory = sum(setup_of(kSessions).with_trigger(PurgeAlways()));
  Harness before(factory);
  before.record("a", 1, 0);
  before.record("a", 2, 8);
  EXPECT_EQ(before.take_output(), (Lines{"a [0, 10) 1 @9", "a [0, 18) 2 @17"}));
  const HarnessSnapshot snapshot = before.snapshot(1);
  Harness after(factory, &snapshot);
  after.record("a", 4, 15);
  EXPECT_EQ(after.take_output(), Lines{"a [0, 25) 4 @24"});
  after.watermark_to_the_end(kMaxWatermark);
  EXPECT_TRUE(after.snapshot(2).groups.empty());
}

TEST(Sessions, GapThatIsNotPositiveIsNamed) {
  const auto gap = [](const Record& record) { return std::chrono::milliseconds(record.value); };
  Harness harness(sum(EventTimeSessionWindows::with_dynamic_gap(gap)));
  harness.record("a", 5, 1);
  for (const int64_t wrong : {int64_t{0}, int64_t{-3}, INT64_MIN}) {
    try {
      harness.record("a", wrong, 2);
      FAIL() << "no exception";
    } catch (const std::invalid_argument& e) {
      EXPECT_NE(std::string(e.what()).find("returned " + std::to_string(wrong) + " ms"),
                std::string::npos)
          << e.what();
    }
  }
}

/// Fires for every third record of a window, whatever sessions they were in before.
struct EveryThird : TriggerDefaults<int64_t> {
  template <class T>
  TriggerResult on_element(const T&, Timestamp, const TimeWindow&, int64_t& seen,
                           TimerService&) const {
    return ++seen % 3 == 0 ? TriggerResult::kFire : TriggerResult::kContinue;
  }
  void merge(const int64_t& from, int64_t& into) const { into += from; }
};

TEST(Triggers, StateOfACustomOneMergesWithItsSessions) {
  OperatorScenario scenario(sum(setup_of(kSessions).with_trigger(EveryThird())),
                            show_batch_of<std::string>());
  scenario.keyed_by(by_key()).any_order();
  scenario.records(batch_of<Record>({{{"a", 1}, 0}, {{"a", 2}, 20}, {{"b", 1}, 5}}))
      .records(batch_of<Record>({{{"a", 4}, 10}}))
      .watermark(12)
      .records(batch_of<Record>({{{"a", 8}, 28}, {{"a", 16}, 29}}))
      .records(batch_of<Record>({{{"a", 32}, 30}}))
      .watermark(kMaxWatermark);
  EXPECT_EQ(scenario.run(), (Lines{"a [0, 30) 7 @29", "a [0, 40) 63 @39"}));
  EXPECT_EQ(scenario.check(), "");
}

/// Registers a timer at the same time for ever.
struct Endless : TriggerDefaults<> {
  template <class T>
  TriggerResult on_element(const T&, Timestamp, const TimeWindow&, NoTriggerState&,
                           TimerService& timers) const {
    timers.register_event_time_timer(5);
    return TriggerResult::kContinue;
  }
  TriggerResult on_event_time(Timestamp, const TimeWindow&, NoTriggerState&,
                              TimerService& timers) const {
    timers.register_event_time_timer(5);
    return TriggerResult::kContinue;
  }
};

TEST(Triggers, TimersThatRegisterEachOtherForEverFailTheTask) {
  Harness harness(sum(setup_of(GlobalWindows::create()).with_trigger(Endless())));
  harness.record("a", 1, 0);
  while (harness.failure().ok() && harness.advance_watermark(5) == Progress::kMore) {}
  EXPECT_NE(harness.failure().message().find("do not come to an end"), std::string_view::npos);
}

TEST(Triggers, ContinuousOneComesToAnEndWithTheInput) {
  const auto every_ms = ContinuousEventTimeTrigger::of(1ms);
  Harness all(sum(setup_of(GlobalWindows::create()).with_trigger(every_ms)));
  all.record("a", 1, 5);
  all.watermark_to_the_end(kMaxWatermark);
  EXPECT_TRUE(all.failure().ok()) << all.failure().message();
  EXPECT_EQ(all.take_output().size(), 2u) << "at 6 and at the end of time";
  // As in Flink, a window fires at every multiple of the interval up to its end.
  Harness long_window(sum(setup_of(TumblingEventTimeWindows::of(150s)).with_trigger(every_ms)));
  long_window.record("a", 1, 0);
  long_window.watermark_to_the_end(kMaxWatermark);
  EXPECT_TRUE(long_window.failure().ok()) << long_window.failure().message();
  EXPECT_EQ(long_window.take_output().size(), 149'999u);
}

TEST(Windows, ExceptionsOfUserFunctionsPassThrough) {
  const auto broken = [](Record a, const Record&) -> Record {
    throw std::runtime_error("sum of " + a.key);
  };
  for (const OperatorFactory& factory :
       {OperatorFactory(make_window_reduce<Record>(&Record::key,
                                                   SlidingEventTimeWindows::of(10ms, 5ms), broken)),
        OperatorFactory(make_window_reduce<Record>(&Record::key, kSessions, broken)),
        OperatorFactory(make_window_reduce<Record>(
            &Record::key, setup_of(kTenMs).with_evictor(CountEvictor::of(9)), broken))}) {
    OperatorHarness harness(factory(), show_batch_of<Record>());
    ASSERT_TRUE(harness.open().ok());
    EXPECT_THROW(
        {
          harness.process(*batch_of<Record>({{{"a", 1}, 1}, {{"a", 2}, 2}}));
          harness.watermark_to_the_end(100);
        },
        std::runtime_error);
  }
}

TEST(Windows, RecordsWithoutTimestampFailTheTaskOrAreDropped) {
  const auto sliding = make_window_reduce<Record>(
      &Record::key, SlidingEventTimeWindows::of(10ms, 5ms), kSum, Show());
  const auto sessions = make_window_reduce<Record>(&Record::key, kSessions, kSum, Show());
  const OperatorSettings drop{.drop_records_without_timestamp = true};
  const auto check = [&](std::unique_ptr<Operator> refuses, std::unique_ptr<Operator> drops) {
    OperatorHarness fails(std::move(refuses), show_batch_of<std::string>());
    ASSERT_TRUE(fails.open().ok());
    fails.process(*batch_of<Record>({{{"b", 2}, 5}, {{"a", 1}, kNoTimestamp}}));
    EXPECT_EQ(fails.failure().code(), StatusCode::kFailedPrecondition);
    OperatorHarness harness(std::move(drops), show_batch_of<std::string>());
    ASSERT_TRUE(harness.open().ok());
    harness.process(*batch_of<Record>({{{"b", 2}, 5}, {{"a", 1}, kNoTimestamp}}));
    EXPECT_TRUE(harness.failure().ok());
    EXPECT_EQ(harness.metrics().counter("numRecordsWithoutTimestampDropped").count(), 1);
  };
  check(sliding(), sliding(drop));
  check(sessions(), sessions(drop));
}

TEST(Windows, AllowedLatenessCanBeAddedAndRemoved) {
  const OperatorFactory without = sum(kTenMs), with = sum(late(kTenMs, 5));
  Harness first(without);
  first.record("a", 1, 3);
  const HarnessSnapshot one = first.snapshot(1);
  Harness second(with, &one);
  second.watermark_to_the_end(9);
  EXPECT_EQ(second.take_output(), Lines{"a [0, 10) 1 @9"});
  second.record("a", 2, 4);
  EXPECT_EQ(second.take_output(), Lines{"a [0, 10) 3 @9"});
  second.record("b", 1, 15);
  const HarnessSnapshot two = second.snapshot(2);
  Harness third(without, &two);
  third.watermark_to_the_end(kMaxWatermark);
  EXPECT_EQ(third.take_output(), Lines{"b [10, 20) 1 @19"}) << "the window of a has fired";
  second.watermark_to_the_end(14);
  second.record("a", 4, 4);
  EXPECT_EQ(second.take_output(), Lines{}) << "the window of a has ended";
  second.watermark_to_the_end(24);
  EXPECT_TRUE(second.snapshot(3).groups.empty());
}

TEST(Windows, SnapshotHasFlinksStates) {
  const auto names = [](const OperatorFactory& factory) {
    Lines lines;
    for (const KeyedStateInfo& state : Harness(factory).snapshot(1).states) {
      lines.push_back(state.name + ' ' + std::to_string(static_cast<int>(state.kind)) + ' ' +
                      state.name_space.to_string());
    }
    return lines;
  };
  EXPECT_EQ(names(sum(setup_of(kTenMs).with_trigger(CountTrigger::of(3)))),
            (Lines{"window-contents 3 time window", "trigger-state 0 time window",
                   "_timer_state/event_window-timers 5 time window",
                   "_timer_state/processing_window-timers 5 time window"}));
  EXPECT_EQ(names(sum(SlidingEventTimeWindows::of(10ms, 5ms))), Lines{"window-panes 0 void"});
}

}  // namespace
}  // namespace weir::detail
