// Watermarks among asynchronous requests.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "testing/operator_harness.h"
#include "weir/testing.h"
#include "weir/weir.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

using Future = ResultFuture<std::string>;
using Harness = StreamTestHarness<int64_t, std::string>;
using Lines = std::vector<std::string>;

/// The requests of a test, which completes them itself, by their records.
using Requests = std::map<int64_t, Future>;

class Ask final : public AsyncFunction<int64_t, std::string> {
 public:
  explicit Ask(std::shared_ptr<Requests> requests) : requests_(std::move(requests)) {}
  void async_invoke(const int64_t& record, Future result) override {
    requests_->insert_or_assign(record, std::move(result));
  }

 private:
  std::shared_ptr<Requests> requests_;
};

/// Emits each record, and "W10" for the watermark 10.
class Trace final : public Operator {
 public:
  Status open(OperatorContext&) override { return {}; }
  void process(Batch& batch, Output& out) override { out.emit(batch); }
  Progress advance_watermark(Timestamp watermark, Output& out) override {
    BatchOf<std::string> batch;
    batch.add(watermark == kMaxWatermark ? "end" : "W" + std::to_string(watermark));
    out.emit(batch);
    return Progress::kDone;
  }
};

class AsyncWatermark : public ::testing::TestWithParam<bool> {
 protected:
  bool ordered() const { return GetParam(); }
  std::unique_ptr<Harness> harness(int64_t capacity = 100) {
    return std::make_unique<Harness>([&](const DataStream<int64_t>& numbers) {
      const auto asked = ordered()
                             ? async_data::ordered_wait(numbers, Ask(requests), 0ms, capacity)
                             : async_data::unordered_wait(numbers, Ask(requests), 0ms, capacity);
      return asked.template transform<std::string>("trace",
                                                   [] { return std::make_unique<Trace>(); });
    });
  }
  Lines answer(Harness& harness, std::vector<int64_t> records) {
    for (const int64_t record : records) requests->at(record).complete({std::to_string(record)});
    harness.processing_time(++now_);
    return lines(harness);
  }
  static Lines lines(Harness& harness) {
    EXPECT_TRUE(harness.status().ok()) << harness.status().to_string();
    Lines all;
    for (const auto& record : harness.take_output()) all.push_back(record.value);
    return all;
  }

  const std::shared_ptr<Requests> requests = std::make_shared<Requests>();
  int64_t now_ = 1000;
};
INSTANTIATE_TEST_SUITE_P(BothModes, AsyncWatermark, ::testing::Bool(),
                         [](const auto& mode) { return mode.param ? "Ordered" : "Unordered"; });

TEST_P(AsyncWatermark, LeavesAtOnceIfNothingIsInFlight) {
  const auto h = harness();
  h->watermark(10);
  h->watermark(20);
  EXPECT_EQ(lines(*h), (Lines{"W10", "W20"}));
}

TEST_P(AsyncWatermark, FollowsAllEarlierResultsAndHoldsUpNoRequest) {
  const auto h = harness();
  h->elements({{1, 1}, {2, 2}});
  h->watermark(10);
  h->elements({{3, 13}, {4, 14}});
  h->watermark(20);
  h->element(5, 25);
  EXPECT_EQ(requests->size(), 5u) << "all were started";
  EXPECT_EQ(answer(*h, {4, 3}), Lines()) << "no result overtakes a watermark";
  EXPECT_EQ(answer(*h, {2}), ordered() ? Lines() : Lines{"2"});
  EXPECT_EQ(answer(*h, {1}), ordered() ? (Lines{"1", "2", "W10", "3", "4", "W20"})
                                       : (Lines{"1", "W10", "4", "3", "W20"}));
  EXPECT_EQ(answer(*h, {5}), Lines{"5"});
}

TEST_P(AsyncWatermark, OnlyTheLastOfSeveralIsKept) {
  const auto h = harness();
  h->element(1, 1);
  for (const Timestamp watermark : {10, 11, 12}) h->watermark(watermark);
  EXPECT_EQ(answer(*h, {1}), (Lines{"1", "W12"}));
}

TEST_P(AsyncWatermark, ResultsBehindItTakeRoom) {
  const auto h = harness(2);
  h->element(1, 1);
  h->watermark(10);
  h->element(2, 12);
  h->element(3, 13);
  EXPECT_EQ(answer(*h, {2}), Lines());
  EXPECT_FALSE(requests->contains(3)) << "1 and the result of 2 are as many as there may be";
  EXPECT_EQ(answer(*h, {1}), (Lines{"1", "W10", "2"}));
  EXPECT_TRUE(requests->contains(3));
  EXPECT_EQ(answer(*h, {3}), Lines{"3"});
}

TEST_P(AsyncWatermark, RecordsThatWaitForRoomAreBeforeIt) {
  const auto h = harness(1);
  h->elements({{1, 1}, {2, 2}, {3, 3}});
  EXPECT_EQ(answer(*h, {1}), Lines{"1"});
  EXPECT_EQ(answer(*h, {2}), Lines{"2"});
  h->watermark(10);
  EXPECT_EQ(lines(*h), Lines());
  EXPECT_EQ(answer(*h, {3}), (Lines{"3", "W10"}));
}

TEST_P(AsyncWatermark, RequestWithoutResultsReleasesIt) {
  const auto h = harness();
  h->element(1, 1);
  h->watermark(10);
  requests->at(1).complete({});
  h->processing_time(2000);
  EXPECT_EQ(lines(*h), Lines{"W10"});
}

TEST_P(AsyncWatermark, RestoreRepeatsTheRequestsAndWaitsForTheNextOne) {
  for (const int parallelism : {1, 2}) {
    requests->clear();
    const auto h = harness();
    h->element(1, 1);
    h->watermark(10);
    h->element(2, 12);
    EXPECT_EQ(answer(*h, {2}), Lines());
    const TestSnapshot snapshot = h->snapshot();
    requests->clear();
    h->restore(snapshot, parallelism);
    h->processing_time(++now_);
    EXPECT_EQ(requests->size(), 2u);
    h->watermark(20);
    EXPECT_EQ(lines(*h), Lines());
    Lines all = answer(*h, {2, 1});
    EXPECT_EQ(all.back(), "W20");
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    EXPECT_EQ(all, (Lines{"1", "2", "W20"}));
  }
}

TEST_P(AsyncWatermark, BarrierTakesResultsWithItButNotThoseBehindAWatermark) {
  const auto h = harness();
  h->element(1, 1);
  h->watermark(10);
  h->element(2, 12);
  for (const int64_t record : {1, 2}) requests->at(record).complete({std::to_string(record)});
  const TestSnapshot snapshot = h->snapshot();
  EXPECT_EQ(lines(*h), Lines{"1"});
  requests->clear();
  h->restore(snapshot, 1);
  h->processing_time(++now_);
  EXPECT_EQ(requests->size(), 1u);
  EXPECT_TRUE(requests->contains(2));
}

TEST_P(AsyncWatermark, EndFollowsAllResults) {
  const auto h = harness();
  h->element(1, 1);
  h->watermark(10);
  h->element(2, 12);
  requests->at(2).complete({"2"});
  requests->at(1).complete({"1"});
  h->end_of_input();
  const Lines all = lines(*h);
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all.back(), "end");
}

/// Random records, watermarks and answers, checked against the definition.
TEST_P(AsyncWatermark, OrderOfResultsIsWhatTheModesSay) {
  for (uint32_t seed = 0; seed < 300; ++seed) {
    std::mt19937 random(seed);
    requests->clear();
    const auto h = harness(1 + static_cast<int64_t>(random() % 5));
    std::vector<Lines> parts(1);  // the records between two watermarks
    Lines watermarks, output;
    std::vector<int64_t> open;
    const auto take = [&] {
      for (std::string& line : lines(*h)) output.push_back(std::move(line));
    };
    const auto answer_one = [&] {
      std::vector<int64_t> running;
      for (const int64_t record : open)
        if (requests->contains(record)) running.push_back(record);
      if (running.empty()) return;
      const int64_t record = running[random() % running.size()];
      std::erase(open, record);
      for (std::string& line : answer(*h, {record})) output.push_back(std::move(line));
    };
    for (int64_t i = 1; i <= 40; ++i) {
      switch (random() % 4) {
        case 0:
          if (parts.back().empty()) break;
          watermarks.push_back("W" + std::to_string(i));
          h->watermark(i);
          parts.emplace_back();
          break;
        case 1: answer_one(); break;
        default:
          // The harness sends nothing to an operator that refuses.
          while (std::any_of(open.begin(), open.end(),
                             [&](int64_t record) { return !requests->contains(record); }))
            answer_one();
          h->element(i, i);
          open.push_back(i);
          parts.back().push_back(std::to_string(i));
      }
      take();
    }
    while (!open.empty()) answer_one();
    Lines expected;
    for (size_t i = 0; i < parts.size(); ++i) {
      std::sort(parts[i].begin(), parts[i].end(),
                [](const auto& a, const auto& b) { return std::stoll(a) < std::stoll(b); });
      expected.insert(expected.end(), parts[i].begin(), parts[i].end());
      if (i < watermarks.size()) expected.push_back(watermarks[i]);
    }
    if (!ordered()) {  // the order within a part is free
      auto begin = output.begin();
      for (auto at = output.begin();; ++at) {
        if (at != output.end() && !at->starts_with('W')) continue;
        std::sort(begin, at,
                  [](const auto& a, const auto& b) { return std::stoll(a) < std::stoll(b); });
        if (at == output.end()) break;
        begin = at + 1;
      }
    }
    ASSERT_EQ(output, expected) << "seed " << seed;
  }
}

TEST(AsyncOperator, IsIdleWhenItsInputIsAndNothingIsInFlight) {
  const auto requests = std::make_shared<Requests>();
  auto made = std::make_unique<detail::AsyncOperator<Ask>>(Ask(requests),
                                                           detail::AsyncSettings<std::string>{});
  detail::AsyncOperator<Ask>& op = *made;
  OperatorHarness harness(std::move(made), [](Batch& batch) { batch.clear(); }, {});
  ASSERT_TRUE(harness.open(nullptr).ok());
  op.input_time({kMinWatermark, true});
  EXPECT_TRUE(op.event_time().idle);
  op.input_time({kMinWatermark, false});
  EXPECT_FALSE(op.event_time().idle);
  harness.process(*batch_of<int64_t>({{1, 1}}));
  op.input_time({10, true});
  EXPECT_EQ(op.event_time(), (EventTime{kMinWatermark, false})) << "a result may come";
  requests->at(1).complete({"1"});
  harness.processing_time_to_the_end(2000);
  EXPECT_EQ(op.event_time(), (EventTime{10, true}));
}

// A host that refuses input sends no watermark. Here all room is taken by results behind further
// watermarks, so nothing else would let the operator go on.
TEST(AsyncOperator, LetsTheHostSendAWatermarkAlthoughThereIsNoRoom) {
  const auto requests = std::make_shared<Requests>();
  auto made = std::make_unique<detail::AsyncOperator<Ask>>(
      Ask(requests), detail::AsyncSettings<std::string>{.ordered = true, .capacity = 6});
  detail::AsyncOperator<Ask>& op = *made;
  Lines emitted;
  OperatorHarness harness(std::move(made),
                          [&](Batch& batch) {
                            auto& results = static_cast<BatchOf<std::string>&>(batch);
                            emitted.insert(emitted.end(), results.records.begin(),
                                           results.records.end());
                            batch.clear();
                          },
                          {});
  ASSERT_TRUE(harness.open(nullptr).ok());
  const auto answer = [&](std::vector<int64_t> records) {
    for (const int64_t record : records) requests->at(record).complete({std::to_string(record)});
  };
  for (int64_t i = 1; i <= 5; i += 2) {
    harness.process(*batch_of<int64_t>({{i, i}, {i + 1, i + 1}}));
    op.input_time({i * 10, false});
    EXPECT_EQ(op.event_time().watermark, kMinWatermark);
  }
  harness.process(*batch_of<int64_t>({{7, 7}, {8, 8}, {9, 9}, {10, 10}, {11, 11}, {12, 12}}));
  EXPECT_FALSE(op.can_accept()) << "six requests are in flight, and six records wait";

  answer({1, 2});
  EXPECT_FALSE(op.can_accept());
  harness.processing_time_to_the_end(2000);
  EXPECT_EQ(emitted, (Lines{"1", "2"}));
  answer({3, 4, 5, 6, 7, 8});
  EXPECT_TRUE(op.can_accept()) << "so that the host sends the first watermark";
  answer({9, 10});
  EXPECT_TRUE(op.can_accept());
  EXPECT_EQ(op.event_time().watermark, 10);
  for (const int64_t watermark : {30, 50}) {
    harness.processing_time_to_the_end(3000);
    EXPECT_TRUE(op.can_accept());
    EXPECT_EQ(op.event_time().watermark, watermark);
  }
  answer({11, 12});
  harness.processing_time_to_the_end(4000);
  EXPECT_EQ(emitted.size(), 12u);
}

/// Answers the first request when the last one was started.
class AskLast final : public AsyncFunction<int64_t, int64_t> {
 public:
  explicit AskLast(int64_t last) : last_(last) {}
  void async_invoke(const int64_t& record, ResultFuture<int64_t> result) override {
    if (record == 1) return void(first_ = std::make_shared<ResultFuture<int64_t>>(result));
    result.complete({record});
    if (record == last_) first_->complete({1});
  }

 private:
  int64_t last_;
  std::shared_ptr<ResultFuture<int64_t>> first_;
};

/// The sums of windows of 10 ms.
TEST(AsyncWatermarkJob, RequestThatTakesLongHoldsUpNoLaterOnes) {
  for (const bool in_order : {true, false}) {
    StreamExecutionEnvironment env;
    env.set_parallelism(1).configure("pipeline.auto-watermark-interval", "0 ms");
    env.configure("weir.batch-size", "4");
    CollectSink<int64_t> sink;
    const auto numbers = env.from_source(
        GeneratorSource<int64_t>(100, [](int64_t i) { return i + 1; }),
        for_monotonous_timestamps<int64_t>().with_timestamp_assigner([](int64_t i) { return i; }),
        "numbers");
    (in_order ? async_data::ordered_wait(numbers, AskLast(100), 1min, 1000)
              : async_data::unordered_wait(numbers, AskLast(100), 1min, 1000))
        .window_all(TumblingEventTimeWindows::of(10ms))
        .reduce([](int64_t a, int64_t b) { return a + b; })
        .sink_to(sink);
    const auto result = env.run("ask");
    ASSERT_TRUE(result.ok()) << result.status().to_string();
    std::vector<int64_t> sums = {45};
    for (int64_t ten = 1; ten < 10; ++ten) sums.push_back(ten * 100 + 45);
    sums.push_back(100);
    EXPECT_EQ(sink.records(), sums) << "and no record was late";
  }
}

}  // namespace
}  // namespace weir
