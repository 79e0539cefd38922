#include "weir/detail/connector/split_times.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <stdexcept>
#include <string>

#include "testing/test_context.h"

namespace weir {
namespace {

using detail::SplitTimes;
using std::chrono::milliseconds;

/// One subtask of a source of timestamps. Each step returns its event time: "5", "5 idle".
class Splits {
 public:
  explicit Splits(WatermarkStrategy<int64_t> strategy, int64_t interval_ms = 0)
      : strategy_(std::move(strategy)), times_(strategy_, interval_ms, batch_) {}

  SplitTimes<int64_t>& operator*() { return times_; }
  SplitTimes<int64_t>* operator->() { return &times_; }

  /// Records of a split, or of none ("").
  Splits& read(const std::string& split, std::initializer_list<int64_t> timestamps) {
    if (!split.empty()) times_.records_of(split);
    for (const int64_t timestamp : timestamps) batch_.add(timestamp, timestamp);
    return *this;
  }
  std::string poll(int64_t later_ms = 0, bool at_end = false) {
    context.now_ms += later_ms;
    times_.on_polled(at_end);
    batch_.clear();
    wake_at_ms = times_.advance(context);
    const EventTime& time = times_.time();
    const std::string text = time.watermark == kMinWatermark ? "-" : std::to_string(time.watermark);
    return time.idle ? text + " idle" : text;
  }
  /// Milliseconds until it wants the next call; -1: never.
  int64_t wake_in_ms() const { return wake_at_ms == INT64_MAX ? -1 : wake_at_ms - context.now_ms; }

  TestContext context;
  int64_t wake_at_ms = 0;

 private:
  const WatermarkStrategy<int64_t> strategy_;
  BatchOf<int64_t> batch_;
  SplitTimes<int64_t> times_;
};

WatermarkStrategy<int64_t> ascending() {
  return WatermarkStrategy<int64_t>::for_monotonous_timestamps();
}
WatermarkStrategy<int64_t> idle_after(int64_t ms) {
  return ascending().with_idleness(milliseconds(ms));
}

TEST(SplitTimes, SlowestSplitDecides) {
  Splits splits(ascending());
  EXPECT_EQ(splits.read("a", {11}).read("b", {6}).poll(), "5");
  EXPECT_EQ(splits.read("b", {21}).poll(), "10");
}

TEST(SplitTimes, BatchMayHaveRecordsOfManySplits) {
  Splits splits(ascending());
  EXPECT_EQ(splits.read("a", {11, 12}).read("b", {6}).read("a", {31}).read("b", {9}).poll(), "8");
  splits.read("", {});
  EXPECT_EQ(splits.read("b", {41}).poll(), "30");
}

TEST(SplitTimes, RecordsAreOfTheSameSplitUntilTheReaderNamesAnother) {
  Splits splits(ascending());
  splits->begin("b");
  splits.read("a", {11}).poll();
  splits.read("", {21}).poll();
  EXPECT_EQ(splits.read("b", {31}).poll(), "20");
}

TEST(SplitTimes, SplitWithoutRecordsHoldsBack) {
  Splits splits(ascending());
  splits->begin("b");
  EXPECT_EQ(splits.read("a", {11}).poll(), "-");
  EXPECT_EQ(splits.read("b", {31}).poll(), "10");
}

TEST(SplitTimes, EndedSplitDoesNotHoldBack) {
  Splits splits(ascending());
  splits.read("a", {11}).read("b", {6}).poll();
  splits->end("b");
  EXPECT_EQ(splits.poll(), "10");
}

TEST(SplitTimes, LastRecordsOfAnEndedSplitCount) {
  Splits splits(ascending(), 200);
  splits.read("a", {6}).poll();
  splits.read("a", {11});
  splits->end("a");
  EXPECT_EQ(splits.poll(1), "10") << "before the interval has passed";
}

TEST(SplitTimes, TimeDoesNotGoBackForASplitThatIsFoundLate) {
  Splits splits(ascending());
  splits.read("a", {101}).poll();
  EXPECT_EQ(splits.read("b", {51}).poll(), "100");
  EXPECT_EQ(splits.read("a", {201}).poll(), "100");
  EXPECT_EQ(splits.read("b", {151}).poll(), "150");
}

TEST(SplitTimes, SubtaskBetweenTwoSplitsHoldsItsWatermark) {
  Splits splits(ascending());
  splits.read("a", {11});
  splits->end("a");
  EXPECT_EQ(splits.poll(), "10");
  EXPECT_EQ(splits.poll(1000), "10");
  EXPECT_EQ(splits.read("b", {5}).poll(), "10");
  EXPECT_EQ(splits.read("b", {21}).poll(), "20");
}

TEST(SplitTimes, EndOfTheReaderEndsAllItsSplits) {
  Splits splits(ascending());
  EXPECT_EQ(splits.read("a", {11}).read("b", {6}).poll(), "5");
  EXPECT_EQ(splits.poll(0, true), "5");
  EXPECT_EQ(splits.read("c", {31}).poll(), "30") << "the first two hold nothing back";
}

TEST(SplitTimes, NameOfAnEndedSplitCanBeUsedAgainInTheSamePoll) {
  Splits splits(ascending());
  splits.read("a", {11});
  splits->end("a");
  EXPECT_EQ(splits.read("a", {6}).poll(), "5");
  EXPECT_EQ(splits.read("", {21}).poll(), "20") << "the second one is still read";
  splits->end("a");
  EXPECT_EQ(splits.read("b", {31}).poll(), "30");
}

TEST(SplitTimes, UnknownSplitsAndRepeatedCallsAreHarmless) {
  Splits splits(ascending());
  splits->end("nobody");
  splits->begin("a");
  splits->begin("a");
  splits.read("a", {11});
  splits->end("a");
  splits->end("a");
  EXPECT_EQ(splits.poll(), "10");
}

TEST(SplitTimes, IdleSplitDoesNotHoldBack) {
  Splits splits(idle_after(1000));
  EXPECT_EQ(splits.read("a", {11}).read("b", {6}).poll(), "5");
  EXPECT_EQ(splits.read("a", {21}).poll(999), "5");
  EXPECT_EQ(splits.read("a", {31}).poll(1), "30");
}

TEST(SplitTimes, SplitWithRecordsThatAreNotHereYetIsNotIdle) {
  Splits splits(idle_after(100));
  EXPECT_EQ(splits.read("a", {11}).read("b", {6}).poll(), "5");
  for (int64_t i = 0; i < 5; ++i) {
    splits->begin("b");
    EXPECT_EQ(splits.read("a", {20 + i}).poll(60), "5");
  }
  splits.read("a", {31}).poll(60);
  EXPECT_EQ(splits.read("a", {41}).poll(60), "40") << "it has none any more";
  splits->begin("b");
  EXPECT_EQ(splits.read("a", {51}).poll(60), "40") << "it has some again";
  EXPECT_EQ(splits.read("b", {61}).poll(60), "50");
}

TEST(SplitTimes, SubtaskIsIdleWhenAllItsSplitsAre) {
  Splits splits(idle_after(1000));
  splits.read("a", {11}).read("b", {6}).poll();
  EXPECT_EQ(splits.poll(1000), "10 idle");
  EXPECT_EQ(splits.read("b", {7}).poll(500), "10") << "it is behind and holds nothing back";
  EXPECT_EQ(splits.read("b", {31}).poll(500), "30");
  EXPECT_EQ(splits.read("a", {21}).poll(1), "30");
  EXPECT_EQ(splits.read("b", {41}).poll(1), "30") << "the first split holds back again";
}

TEST(SplitTimes, SubtaskWithoutSplitsBecomesIdle) {
  Splits splits(idle_after(1000));
  EXPECT_EQ(splits.poll(), "-");
  EXPECT_EQ(splits.wake_in_ms(), 1000);
  EXPECT_EQ(splits.poll(1000), "- idle");
  EXPECT_EQ(splits.wake_in_ms(), -1);
  splits->begin("a");
  EXPECT_EQ(splits.poll(), "-") << "it has a split now";
  splits.read("a", {11});
  splits->end("a");
  EXPECT_EQ(splits.poll(5000), "10");
  EXPECT_EQ(splits.poll(999), "10") << "time without splits begins with the end of the last";
  EXPECT_EQ(splits.poll(1), "10 idle");
}

TEST(SplitTimes, ReaderThatNamesNoSplitsBecomesIdleToo) {
  Splits splits(idle_after(1000), 200);
  EXPECT_EQ(splits.read("", {11}).poll(), "10");
  EXPECT_EQ(splits.wake_in_ms(), 1000);
  EXPECT_EQ(splits.poll(1000), "10 idle");
  EXPECT_EQ(splits.read("", {12}).poll(7), "10") << "active at once, its watermark when it is due";
  EXPECT_EQ(splits.wake_in_ms(), 193);
  EXPECT_EQ(splits.poll(193), "11");
}

TEST(SplitTimes, TimeInWhichTheOutputHasNoRoomDoesNotMakeIdle) {
  Splits splits(idle_after(1000));
  splits.read("a", {11}).poll();
  splits.context.waited_ms += 5000;
  EXPECT_EQ(splits.poll(5500), "10");
  EXPECT_EQ(splits.poll(499), "10");
  EXPECT_EQ(splits.poll(1), "10 idle");
}

TEST(SplitTimes, ClockThatGoesBackMakesNothingIdle) {
  Splits splits(idle_after(1000));
  splits.read("a", {11}).poll();
  EXPECT_EQ(splits.poll(-3'600'000), "10");
  EXPECT_EQ(splits.poll(999), "10");
  EXPECT_EQ(splits.poll(1), "10 idle");
}

TEST(SplitTimes, SplitThatIsAheadOfItsGroupDoesNotBecomeIdle) {
  Splits splits(idle_after(1000));
  splits.read("a", {11}).read("b", {31}).poll();
  splits->align(20);
  std::vector<std::string> pause, resume;
  splits->take_changes(&pause, &resume);
  EXPECT_EQ(pause, std::vector<std::string>{"b"});
  EXPECT_FALSE(splits->ahead());
  EXPECT_EQ(splits.read("a", {41}).poll(5000), "30");
  EXPECT_TRUE(splits->ahead());
  pause.clear();
  splits->align(100);
  splits->take_changes(&pause, &resume);
  EXPECT_TRUE(pause.empty());
  EXPECT_EQ(resume, std::vector<std::string>{"b"});
  EXPECT_FALSE(splits->ahead());
}

TEST(SplitTimes, StrategyWithoutWatermarksMayBecomeIdle) {
  Splits splits(WatermarkStrategy<int64_t>::no_watermarks().with_idleness(milliseconds(10)));
  EXPECT_EQ(splits.read("", {11}).poll(), "-");
  EXPECT_EQ(splits.poll(10), "- idle");
}

/// Emits a watermark at each record that is a multiple of 10.
class Punctuated final : public WatermarkGenerator<int64_t> {
 public:
  void on_event(const int64_t& event, Timestamp timestamp, WatermarkOutput& output) override {
    if (event == 13) throw std::runtime_error("13");
    if (event % 10 == 0) output.emit_watermark(timestamp);
  }
  void on_periodic_emit(WatermarkOutput&) override {}
};

/// The watermark is the number of periodic calls; from the third on it is idle.
class Counting final : public WatermarkGenerator<int64_t> {
 public:
  void on_event(const int64_t&, Timestamp, WatermarkOutput&) override {}
  void on_periodic_emit(WatermarkOutput& output) override {
    if (++calls_ >= 3) return output.mark_idle();
    output.emit_watermark(calls_);
  }

 private:
  int calls_ = 0;
};

template <class Generator>
WatermarkStrategy<int64_t> generated() {
  return for_generator<int64_t>([] { return std::make_unique<Generator>(); });
}

TEST(SplitTimes, PunctuatedGeneratorNeedsNoInterval) {
  Splits splits(generated<Punctuated>(), 200);
  EXPECT_EQ(splits.read("", {9, 10, 11}).poll(), "10");
  EXPECT_EQ(splits.read("", {20, 30, 29}).poll(1), "30");
  EXPECT_EQ(splits.read("", {10}).poll(1), "30") << "a lower watermark is ignored";
}

TEST(SplitTimes, PeriodicGeneratorIsCalledWithoutRecordsToo) {
  Splits splits(generated<Counting>(), 200);
  EXPECT_EQ(splits.poll(), "1");
  EXPECT_EQ(splits.wake_in_ms(), 200);
  EXPECT_EQ(splits.read("", {5}).poll(199), "1");
  EXPECT_EQ(splits.poll(1), "2");
  EXPECT_EQ(splits.poll(200), "2 idle");
}

TEST(SplitTimes, EachSplitHasAGeneratorOfItsOwn) {
  Splits splits(generated<Punctuated>());
  EXPECT_EQ(splits.read("a", {30}).read("b", {10}).poll(), "10");
}

TEST(SplitTimes, GreatestWatermarkIsReservedForTheEnd) {
  Splits splits(for_generator<int64_t>([] { return std::make_unique<Punctuated>(); }));
  splits.read("a", {20}).poll();
  splits.read("a", {kMaxWatermark - 7}).poll();  // a multiple of 10
  EXPECT_LT(splits->time().watermark, kMaxWatermark);
}

TEST(SplitTimes, ExceptionOfAGeneratorPassesThrough) {
  Splits splits(generated<Punctuated>());
  EXPECT_THROW(splits.read("a", {13}).poll(), std::runtime_error);
}

TEST(SplitTimes, SupplierThatReturnsNothingIsAnError) {
  const auto strategy = for_generator<int64_t>(
      []() -> std::unique_ptr<WatermarkGenerator<int64_t>> { return nullptr; });
  EXPECT_THROW(Splits splits(strategy), std::invalid_argument);
}

TEST(WatermarkStrategy, ReportsWrongArguments) {
  const auto problem = [](const WatermarkStrategy<int64_t>& strategy) {
    return strategy.setup_problem();
  };
  EXPECT_EQ(problem(ascending()), "");
  EXPECT_NE(problem(idle_after(0)).find("with_idleness() is given 0 ms"), std::string::npos);
  EXPECT_NE(problem(idle_after(-1)).find("with_idleness()"), std::string::npos);
  std::function<std::unique_ptr<WatermarkGenerator<int64_t>>()> null;
  EXPECT_EQ(problem(for_generator<int64_t>(null)),
            "for_generator() is given a function that is null");
  const auto aligned = [&](const std::string& group, int64_t drift, int64_t interval) {
    return problem(
        ascending().with_watermark_alignment(group, milliseconds(drift), milliseconds(interval)));
  };
  EXPECT_EQ(aligned("g", 0, 1), "");
  EXPECT_NE(aligned("", 1, 1).find("a group without a name"), std::string::npos);
  EXPECT_NE(aligned("g", -1, 1).find("a drift of -1 ms"), std::string::npos);
  EXPECT_NE(aligned("g", 1, 0).find("an update interval of 0 ms"), std::string::npos);
  EXPECT_NE(problem(WatermarkStrategy<int64_t>::no_watermarks().with_watermark_alignment(
                        "g", milliseconds(1)))
                .find("without watermarks"),
            std::string::npos);
}

}  // namespace
}  // namespace weir
