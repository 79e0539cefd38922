// The harness that authors of jobs test their functions with.

#include "weir/testing.h"

#include <gtest/gtest.h>

#include "weir/connector/collect_sink.h"
#include "weir/stream/keyed_stream.h"
#include "weir/types/fields.h"

namespace weir {
namespace {

using Count = std::pair<std::string, int64_t>;
using Counts = std::vector<TestRecord<Count>>;

/// Counts per key in state; a minute of event time after the first record it gives the count, and
/// forgets it. `Remembers` also counts in a member, which no checkpoint holds.
template <bool Remembers>
struct CountPerMinute final : KeyedProcessFunction<std::string, std::string, Count> {
  void open(RuntimeContext& context) override {
    count_ = context.state(ValueStateDescriptor<int64_t>("count"));
    seen_ = &context.counter("seen");
  }
  void process_element(const std::string& value, Context& context, Collector<Count>&) override {
    if (value == "bad") throw std::runtime_error("a bad record");
    seen_->inc();
    ++in_memory_;
    const int64_t count = count_.value_or(0);
    if (count == 0) context.timer_service().register_event_time_timer(context.timestamp() + 60'000);
    count_.update(count + 1);
  }
  void on_timer(Timestamp, OnTimerContext& context, Collector<Count>& out) override {
    out.collect({context.current_key(), Remembers ? in_memory_ : *count_.value()});
    count_.clear();
  }

 private:
  ValueState<int64_t> count_;
  Counter* seen_ = nullptr;
  int64_t in_memory_ = 0;
};

std::string itself(const std::string& text) { return text; }

DataStream<Count> count_per_minute(const DataStream<std::string>& words) {
  return words.filter([](const std::string& word) { return !word.empty(); })
      .key_by(&itself)
      .process(CountPerMinute<false>{})
      .uid("counts");
}

TEST(StreamTestHarness, RunsAPieceOfAJobUnderTheTimeOfTheTest) {
  StreamTestHarness<std::string, Count> harness(count_per_minute);
  harness.element("tea", 1'000);
  harness.elements({{"", 2'000}, {"tea", 3'000}, {"milk", 4'000}});
  harness.watermark(60'999);
  EXPECT_EQ(harness.take_output(), Counts{});
  harness.watermark(61'000);
  EXPECT_EQ(harness.take_output(), (Counts{{{"tea", 2}, 61'000}}));
  EXPECT_EQ(harness.metric("seen"), 3);
  harness.end_of_input();
  EXPECT_EQ(harness.take_values(), (std::vector<Count>{{"milk", 1}}));
  EXPECT_TRUE(harness.status().ok()) << harness.status().to_string();
}

TEST(StreamTestHarness, AssignsTimestampsAndWatermarksBehindAnOperator) {
  const auto by_length = for_monotonous_timestamps<std::string>().with_timestamp_assigner(
      [](const std::string& word) { return static_cast<Timestamp>(10'000 * word.size()); });
  StreamTestHarness<std::string, Count> harness([&](const DataStream<std::string>& words) {
    return words.assign_timestamps_and_watermarks(by_length)
        .key_by([](const std::string&) { return std::string("all"); })
        .process(CountPerMinute<false>{})
        .uid("counts");
  });
  harness.elements({{"tea", 1}, {"milk", 2}});
  harness.watermark(1'000'000);  // replaced
  EXPECT_EQ(harness.take_output(), Counts{});
  harness.elements({{"chocolate", 3}});  // at 90 s
  harness.processing_time(1'000);
  EXPECT_EQ(harness.take_output(), Counts{}) << "the watermark is 1 ms behind the timer";
  harness.element("lemonade and", 4);
  harness.processing_time(2'000);
  EXPECT_EQ(harness.take_output(), (Counts{{{"all", 4}, 90'000}}));
  harness.end_of_input();
  EXPECT_EQ(harness.take_output(), Counts{});
}

TEST(StreamTestHarness, RestoresStateAndTimersOnAnotherNumberOfSubtasks) {
  StreamTestHarness<std::string, Count> harness(count_per_minute, {.parallelism = 2});
  for (const char* word : {"a", "b", "c", "d", "e"}) harness.element(word, 0);
  const TestSnapshot snapshot = harness.snapshot();
  harness.element("f", 0);  // after the checkpoint: lost by the failure
  harness.restore(snapshot, 3);
  harness.element("a", 1);
  harness.end_of_input();
  std::vector<Count> counts = harness.take_values();
  std::sort(counts.begin(), counts.end());
  EXPECT_EQ(counts, (std::vector<Count>{{"a", 2}, {"b", 1}, {"c", 1}, {"d", 1}, {"e", 1}}));
}

TEST(StreamTestHarness, GivesWhatUserCodeThrows) {
  StreamTestHarness<std::string, Count> harness(count_per_minute);
  EXPECT_THROW(harness.element("bad"), std::runtime_error);
}

TEST(StreamTestHarness, SaysWhichOperatorFailed) {
  // Event time without timestamps.
  StreamTestHarness<std::string, std::string> harness([](DataStream<std::string> words) {
    return words.key_by(&itself)
        .window(TumblingEventTimeWindows::of(std::chrono::seconds(1)))
        .reduce([](std::string so_far, const std::string& word) { return so_far + word; });
  });
  harness.element("x");
  EXPECT_NE(harness.status().message().find("operator 'window'"), std::string::npos)
      << harness.status().to_string();
}

TEST(StreamTestHarness, RefusesAPieceThatNoJobWouldTake) {
  StreamTestHarness<std::string, std::string> harness([](DataStream<std::string> words) {
    return words.map(std::function<std::string(const std::string&)>());
  });
  EXPECT_EQ(harness.status().to_string(), "INVALID_ARGUMENT: map is given a function that is null");
}

TEST(StreamTestHarness, CommitsASinkWhenItsCheckpointIsComplete) {
  CollectSink<std::string> sink;
  StreamTestHarness<std::string, void> harness(
      [&](DataStream<std::string> words) { words.sink_to(sink); });
  harness.element("tea");
  const TestSnapshot snapshot = harness.snapshot();
  EXPECT_TRUE(sink.records().empty());
  harness.checkpoint_completed(snapshot);
  EXPECT_EQ(sink.records(), (std::vector<std::string>{"tea"}));
}

TEST(StreamTestScenario, PassesWhatKeepsEverythingInState) {
  StreamTestScenario<std::string, Count> scenario(count_per_minute);
  scenario.element("tea", 0).element("milk", 1).watermark(50).element("tea", 60).end_of_input();
  EXPECT_EQ(scenario.run(), (Counts{{{"tea", 2}, 60'000}, {{"milk", 1}, 60'001}}));
  EXPECT_EQ(scenario.check(), "");
}

TEST(StreamTestScenario, FindsWhatIsKeptOutsideOfState) {
  StreamTestScenario<std::string, Count> scenario([](const DataStream<std::string>& words) {
    return words.key_by(&itself).process(CountPerMinute<true>{});
  });
  scenario.element("tea", 0).element("tea", 1).end_of_input();
  EXPECT_NE(scenario.check().find("restored on 1 subtasks before step 1: of the sorted results, "
                                  "number 0 should be"),
            std::string::npos)
      << scenario.check();
}

/// The numbers below `end`, one split for each remainder of 3.
class Numbers final : public Source<int64_t> {
 public:
  explicit Numbers(int64_t end) : end_(end) {}
  StatusOr<std::vector<std::string>> enumerate(FileSystemRegistry&, int) const override {
    if (end_ < 0) return invalid_argument("there are no numbers below a negative one");
    return std::vector<std::string>{"0", "1", "2"};
  }
  std::unique_ptr<SourceReader<int64_t>> create_reader() const override {
    return std::make_unique<Reader>(end_);
  }
  bool bounded() const override { return true; }

 private:
  class Reader final : public SourceReader<int64_t> {
   public:
    explicit Reader(int64_t end) : end_(end) {}
    Status open(OperatorContext&) override { return {}; }
    void add_splits(std::vector<std::string> splits) override {
      for (const std::string& split : splits) next_.push_back(std::stoll(split));
    }
    PollResult poll(BatchOf<int64_t>& out, size_t) override {
      std::erase_if(next_, [&](int64_t next) { return next >= end_; });
      if (next_.empty()) return {PollResult::Status::kEnd};
      out.add(next_.front());
      next_.front() += 3;
      return {};
    }
    std::vector<std::string> snapshot() override {
      std::vector<std::string> splits;
      for (const int64_t next : next_) splits.push_back(std::to_string(next));
      return splits;
    }

   private:
    const int64_t end_;
    std::vector<int64_t> next_;
  };
  int64_t end_;
};

TEST(SourceTestHarness, ReadsOnWhereASnapshotWasOnAnotherNumberOfSubtasks) {
  SourceTestHarness<int64_t> harness(Numbers(10), {.parallelism = 2});
  EXPECT_TRUE(harness.poll());
  const TestSnapshot snapshot = harness.snapshot();
  std::vector<int64_t> numbers = harness.take_values();
  EXPECT_EQ(numbers.size(), 2u);
  harness.poll();
  harness.take_values();  // lost by the failure
  harness.restore(snapshot, 3);
  harness.read_to_end();
  for (const int64_t number : harness.take_values()) numbers.push_back(number);
  std::sort(numbers.begin(), numbers.end());
  EXPECT_EQ(numbers, (std::vector<int64_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

struct NumberRange {
  int64_t next = 0;
  int64_t end = 0;
  WEIR_FIELDS(NumberRange, next, end)
};

/// The numbers below 12, of which a discovery finds the next four.
class GrowingNumbers final : public Source<int64_t, NumberRange> {
 public:
  std::unique_ptr<SplitEnumerator<NumberRange>> create_enumerator(int) const override {
    return std::make_unique<Enumerator>();
  }
  std::unique_ptr<SourceReader<int64_t, NumberRange>> create_reader() const override {
    return std::make_unique<Reader>();
  }
  bool bounded() const override { return true; }

 private:
  class Enumerator final : public SplitEnumerator<NumberRange> {
   public:
    Status restore(std::string_view state) override {
      found_ = std::stoll(std::string(state));
      return {};
    }
    StatusOr<Discovery<NumberRange>> discover(FileSystemRegistry&) override {
      Discovery<NumberRange> discovery;
      discovery.splits = {{found_, found_ + 2}, {found_ + 2, found_ + 4}};
      found_ += 4;
      if (found_ < 12) discovery.again = std::chrono::milliseconds(1);
      return discovery;
    }
    std::string snapshot() const override { return std::to_string(found_); }

   private:
    int64_t found_ = 0;
  };
  class Reader final : public SourceReader<int64_t, NumberRange> {
   public:
    Status open(OperatorContext&) override { return {}; }
    void add_splits(std::vector<NumberRange> splits) override {
      ranges_.insert(ranges_.end(), splits.begin(), splits.end());
    }
    PollResult poll(BatchOf<int64_t>& out, size_t) override {
      std::erase_if(ranges_, [](const NumberRange& range) { return range.next == range.end; });
      if (ranges_.empty()) return {PollResult::Status::kEnd};
      out.add(ranges_.front().next++);
      return {};
    }
    std::vector<NumberRange> snapshot() override { return ranges_; }

   private:
    std::vector<NumberRange> ranges_;
  };
};

TEST(SourceTestHarness, FindsSplitsWhileTheSourceRunsAndReadsOnFromASnapshot) {
  SourceTestHarness<int64_t> harness(GrowingNumbers(), {.parallelism = 2});
  std::vector<int64_t> numbers;
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(harness.poll());
  const TestSnapshot snapshot = harness.snapshot();
  numbers = harness.take_values();
  EXPECT_FALSE(numbers.empty());
  harness.poll();
  harness.take_values();  // lost by the failure
  harness.restore(snapshot, 3);
  harness.read_to_end();
  for (const int64_t number : harness.take_values()) numbers.push_back(number);
  std::sort(numbers.begin(), numbers.end());
  EXPECT_EQ(numbers, (std::vector<int64_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}));
}

TEST(SourceTestHarness, SaysWhyASourceCannotBeRead) {
  SourceTestHarness<int64_t> harness(Numbers(-1));
  EXPECT_EQ(harness.status().to_string(),
            "INVALID_ARGUMENT: there are no numbers below a negative one");
  EXPECT_FALSE(harness.poll());
}

}  // namespace
}  // namespace weir
