#include "weir/detail/connector/source_operator.h"

#include <gtest/gtest.h>

#include "testing/test_context.h"
#include "weir/detail/connector/collection_source.h"

namespace weir {
namespace {

using detail::CollectionSource;
using detail::OperatorSettings;
using detail::SourceReaderOperator;
using Poll = PollResult::Status;

struct Event {
  int64_t time = 0;
  bool operator==(const Event&) const = default;
};

/// The scripted batches, one per poll; kNothingNow when none is left.
struct Script {
  std::vector<std::vector<Event>> batches;
  std::vector<std::string> splits;
  bool ends = false;
  std::vector<Timestamp> timestamps = {};  ///< copied into each batch unchanged
};

class ScriptedReader final : public SourceReader<Event> {
 public:
  explicit ScriptedReader(std::shared_ptr<Script> script) : script_(std::move(script)) {}
  Status open(OperatorContext&) override { return {}; }
  void add_splits(std::vector<std::string> splits) override {
    for (std::string& split : splits) script_->splits.push_back(std::move(split));
  }
  PollResult poll(BatchOf<Event>& out, size_t) override {
    if (script_->batches.empty()) return {script_->ends ? Poll::kEnd : Poll::kNothingNow};
    for (const Event& event : script_->batches.front()) out.add(event);
    script_->batches.erase(script_->batches.begin());
    out.timestamps = script_->timestamps;
    return {};
  }
  std::vector<std::string> snapshot() override { return script_->splits; }

 private:
  std::shared_ptr<Script> script_;
};

/// One source operator, and its watermarks ("-" for a poll without one).
struct Bench {
  explicit Bench(WatermarkStrategy<Event> strategy, OperatorSettings settings = {},
                 TestContext::Lists restored = {})
      : context(std::move(restored)),
        source(std::make_unique<ScriptedReader>(script), std::move(strategy), settings) {}

  std::string poll() {
    const EventTime before = time;
    last = source.poll(out, &time);
    if (time == before) return "-";
    return (time.watermark == before.watermark ? "" : std::to_string(time.watermark)) +
           (time.idle == before.idle ? ""
            : time.idle              ? " idle"
                                     : " active");
  }

  std::shared_ptr<Script> script = std::make_shared<Script>();
  TestContext context;
  SourceReaderOperator<Event> source;
  TestOutput<Event> out;
  PollResult last;
  EventTime time;
};

WatermarkStrategy<Event> late_by(int64_t ms) {
  return for_bounded_out_of_orderness<Event>(std::chrono::milliseconds(ms))
      .with_timestamp_assigner(&Event::time);
}

TEST(SourceReaderOperator, AssignsTimestampsAndCountsRecords) {
  Bench bench(late_by(0));
  bench.script->batches = {{{5}, {3}}, {{9}}};
  ASSERT_TRUE(bench.source.open(bench.context).ok());
  bench.poll();
  bench.poll();
  EXPECT_EQ(bench.out.records(), (std::vector<Event>{{5}, {3}, {9}}));
  EXPECT_EQ(bench.out.timestamps(), (std::vector<Timestamp>{5, 3, 9}));
  EXPECT_EQ(bench.source.records_emitted(), 3);
}

TEST(SourceReaderOperator, TheWatermarkTrailsTheNewestRecordAndNeverGoesBack) {
  Bench bench(late_by(10), {512, 0});
  bench.script->batches = {{{100}}, {{90}}, {{105}, {104}}, {{300}}};
  ASSERT_TRUE(bench.source.open(bench.context).ok());
  EXPECT_EQ(bench.poll(), "89");
  EXPECT_EQ(bench.poll(), "-");
  EXPECT_EQ(bench.poll(), "94");
  EXPECT_EQ(bench.poll(), "289");
}

TEST(SourceReaderOperator, EmitsOneWatermarkPerInterval) {
  Bench bench(late_by(0), {512, 200});
  bench.script->batches = {{{100}}, {{200}}, {{300}}, {{400}}};
  ASSERT_TRUE(bench.source.open(bench.context).ok());
  EXPECT_EQ(bench.poll(), "99");
  bench.context.now_ms += 199;
  EXPECT_EQ(bench.poll(), "-");
  bench.context.now_ms += 1;
  EXPECT_EQ(bench.poll(), "299");
  bench.context.now_ms += 200;
  EXPECT_EQ(bench.poll(), "399");
}

TEST(SourceReaderOperator, WatermarkThatIsDueLaterWakesAnIdleSource) {
  Bench bench(late_by(0), {512, 200});
  bench.script->batches = {{{100}}, {{200}}};
  ASSERT_TRUE(bench.source.open(bench.context).ok());
  bench.poll();
  bench.poll();
  EXPECT_EQ(bench.poll(), "-");
  EXPECT_EQ(bench.last.status, Poll::kNothingNow);
  EXPECT_EQ(bench.last.wake_at_ms, bench.context.now_ms + 200);
  bench.context.now_ms += 200;
  EXPECT_EQ(bench.poll(), "199");
  EXPECT_EQ(bench.poll(), "-");
  EXPECT_EQ(bench.last.wake_at_ms, INT64_MAX);
}

TEST(SourceReaderOperator, ClockThatGoesBackDoesNotStopEventTime) {
  Bench bench(late_by(0), {512, 200});
  bench.script->batches = {{{100}}, {{200}}};
  ASSERT_TRUE(bench.source.open(bench.context).ok());
  EXPECT_EQ(bench.poll(), "99");
  bench.context.now_ms -= 3'600'000;
  EXPECT_EQ(bench.poll(), "199");
}

TEST(SourceReaderOperator, WithoutAStrategyThereAreNeitherTimestampsNorWatermarks) {
  Bench bench(no_watermarks(), {512, 0});
  bench.script->batches = {{{100}}};
  ASSERT_TRUE(bench.source.open(bench.context).ok());
  EXPECT_EQ(bench.poll(), "-");
  EXPECT_TRUE(bench.out.timestamps().empty());
}

TEST(SourceReaderOperator, WithoutTimestampsThereAreNoWatermarks) {
  Bench bench(for_monotonous_timestamps<Event>(), {512, 0});
  bench.script->batches = {{{100}}};
  ASSERT_TRUE(bench.source.open(bench.context).ok());
  EXPECT_EQ(bench.poll(), "-");
}

TEST(SourceReaderOperator, RefusesABatchWithTimestampsForOnlySomeRecords) {
  Bench bench(no_watermarks(), {512, 0});
  bench.script->batches = {{{100}, {200}}};
  bench.script->timestamps = {100};
  ASSERT_TRUE(bench.source.open(bench.context).ok());
  bench.poll();
  EXPECT_NE(bench.context.failure.message().find("source 'test' gave 1 timestamps for 2 records"),
            std::string_view::npos);
  EXPECT_TRUE(bench.out.records().empty());
}

TEST(SourceReaderOperator, HostEmitsTheLastWatermark) {
  Bench bench(late_by(0), {512, 200});
  bench.script->ends = true;
  bench.script->batches = {{{100}}, {{200}}};
  ASSERT_TRUE(bench.source.open(bench.context).ok());
  bench.poll();
  bench.poll();
  EXPECT_EQ(bench.poll(), "199") << "the interval has not passed; the maximum is not its own";
  EXPECT_EQ(bench.last.status, Poll::kEnd);
  EXPECT_EQ(bench.poll(), "-");
}

TEST(SourceReaderOperator, SplitsAreStoredAsFlinkStoresByteArrays) {
  Bench bench(no_watermarks());
  bench.script->splits = {"ab", ""};
  ASSERT_TRUE(bench.source.open(bench.context).ok());
  ASSERT_TRUE(bench.source.snapshot(bench.context).ok());
  const std::vector<std::string> expected = {std::string("\0\0\0\2ab", 6),
                                             std::string("\0\0\0\0", 4)};
  EXPECT_EQ(bench.context.lists["SourceReaderState"], expected);
}

TEST(SourceReaderOperator, ReaderGetsTheRestoredSplits) {
  Bench bench(no_watermarks(), {},
              {{"SourceReaderState", {std::string("\0\0\0\2ab", 6), std::string("\0\0\0\1c", 5)}}});
  ASSERT_TRUE(bench.source.open(bench.context).ok());
  EXPECT_EQ(bench.script->splits, (std::vector<std::string>{"ab", "c"}));
}

TEST(SourceReaderOperator, DamagedStateIsRefused) {
  Bench bench(no_watermarks(), {}, {{"SourceReaderState", {std::string("\0\0\0\5ab", 6)}}});
  EXPECT_EQ(bench.source.open(bench.context).code(), StatusCode::kDataLoss);
  Bench longer(no_watermarks(), {}, {{"SourceReaderState", {std::string("\0\0\0\1ab", 6)}}});
  EXPECT_EQ(longer.source.open(longer.context).code(), StatusCode::kDataLoss);
}

TEST(SourceReaderOperator, WithoutRecordsItBecomesIdle) {
  Bench bench(late_by(0).with_idleness(std::chrono::seconds(1)), {512, 200});
  bench.script->batches = {{{100}}};
  ASSERT_TRUE(bench.source.open(bench.context).ok());
  EXPECT_EQ(bench.poll(), "99");
  EXPECT_EQ(bench.poll(), "-");
  EXPECT_EQ(bench.last.wake_at_ms, bench.context.now_ms + 1000);
  bench.context.now_ms += 1000;
  EXPECT_EQ(bench.poll(), " idle");
  EXPECT_EQ(bench.last.wake_at_ms, INT64_MAX);
  bench.script->batches = {{{300}}};
  EXPECT_EQ(bench.poll(), " active") << "at once; its watermark follows when it is due";
  bench.context.now_ms += 200;
  EXPECT_EQ(bench.poll(), "299");
}

TEST(SourceReaderOperator, IsNotReadWhileItIsAheadOfItsGroup) {
  Bench bench(late_by(0).with_watermark_alignment("g", std::chrono::seconds(1)), {512, 0});
  bench.script->batches = {{{100}}, {{5000}}, {{6000}}};
  ASSERT_TRUE(bench.source.open(bench.context).ok());
  EXPECT_EQ(bench.source.watermark_to_align(), std::nullopt);
  bench.poll();
  bench.source.align_watermark(1099);
  EXPECT_EQ(bench.poll(), "4999");
  EXPECT_EQ(bench.source.watermark_to_align(), 4999);
  EXPECT_EQ(bench.poll(), "-");
  EXPECT_EQ(bench.last.status, Poll::kNothingNow);
  EXPECT_EQ(bench.script->batches.size(), 1u) << "it was not polled";
  bench.source.align_watermark(4999);
  EXPECT_EQ(bench.poll(), "5999");
}

TEST(WatermarkStrategy, AcceptsTimePointsAndTheSourcesTimestamp) {
  using namespace std::chrono_literals;
  BatchOf<Event> batch = batch_of<Event>({{7}}, {1000});
  WatermarkStrategy<Event>(no_watermarks())
      .with_timestamp_assigner(
          [](const Event& e) { return std::chrono::sys_seconds(std::chrono::seconds(e.time)); })
      .assign(batch);
  EXPECT_EQ(batch.timestamps, std::vector<Timestamp>{7000});
  WatermarkStrategy<Event>::no_watermarks()
      .with_timestamp_assigner([](const Event& e, Timestamp t) { return t + e.time; })
      .assign(batch);
  EXPECT_EQ(batch.timestamps, std::vector<Timestamp>{7007});
}

TEST(WatermarkStrategy, DoesNotWrapAround) {
  for (const int64_t extreme : {kNoTimestamp, kMinWatermark + 5}) {
    Bench bench(late_by(3'600'000), {512, 0});
    bench.script->batches = {{{extreme}}};
    ASSERT_TRUE(bench.source.open(bench.context).ok());
    EXPECT_EQ(bench.poll(), "-") << extreme;
  }
  Bench bench(late_by(0), {512, 0});
  bench.script->batches = {{{kMaxWatermark}}};
  ASSERT_TRUE(bench.source.open(bench.context).ok());
  EXPECT_EQ(bench.poll(), std::to_string(kMaxWatermark - 1));
}

/// Polls until the end, with at most `batch` records per poll.
std::vector<int> read_all(SourceReader<int>& reader, size_t batch) {
  BatchOf<int> out;
  while (reader.poll(out, batch).status != Poll::kEnd) {}
  return out.records;
}

TEST(CollectionSource, EverySubtaskReadsItsPart) {
  CollectionSource<int> source({1, 2, 3, 4, 5});
  TestContext context;
  std::vector<std::vector<int>> parts;
  const auto splits = source.enumerate(context.files(), 2);
  for (const std::string& split : *splits) {
    const auto reader = source.create_reader();
    ASSERT_TRUE(reader->open(context).ok());
    reader->add_splits({split});
    parts.push_back(read_all(*reader, 2));
  }
  EXPECT_EQ(parts, (std::vector<std::vector<int>>{{1, 2}, {3, 4, 5}}));
}

TEST(CollectionSource, ContinuesAtItsSnapshot) {
  CollectionSource<int> source({1, 2, 3, 4, 5});
  TestContext context;
  const auto first = source.create_reader();
  ASSERT_TRUE(first->open(context).ok());
  first->add_splits(*source.enumerate(context.files(), 1));
  BatchOf<int> read;
  first->poll(read, 2);
  const auto second = source.create_reader();
  ASSERT_TRUE(second->open(context).ok());
  second->add_splits(first->snapshot());
  EXPECT_EQ(read_all(*second, 100), (std::vector<int>{3, 4, 5}));
  EXPECT_TRUE(second->snapshot().empty());
}

TEST(CollectionSource, RefusesPositionsAfterItsEnd) {
  CollectionSource<int> longer({1, 2, 3, 4, 5}), shorter({1});
  TestContext context;
  const auto reader = shorter.create_reader();
  ASSERT_TRUE(reader->open(context).ok());
  reader->add_splits(*longer.enumerate(context.files(), 1));
  EXPECT_EQ(context.failure.code(), StatusCode::kFailedPrecondition);
}

TEST(CollectionSource, EmptyCollectionEndsAtOnce) {
  CollectionSource<int> source({});
  TestContext context;
  EXPECT_TRUE(source.enumerate(context.files(), 4)->empty());
  BatchOf<int> out;
  EXPECT_EQ(source.create_reader()->poll(out, 1).status, Poll::kEnd);
}

}  // namespace
}  // namespace weir
