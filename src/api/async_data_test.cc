// Asynchronous requests: weir::async_data.

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "weir/testing.h"
#include "weir/weir.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

using Future = ResultFuture<std::string>;
using Texts = std::vector<TestRecord<std::string>>;
using Harness = StreamTestHarness<int64_t, std::string>;
using Retry = AsyncRetryStrategy<std::string>;

/// The requests of a test, which completes them itself.
struct Requests {
  std::vector<std::pair<int64_t, Future>> started;  ///< in order
  std::vector<int64_t> timed_out;
  bool answers_timeouts = false;

  std::vector<int64_t> records() const {
    std::vector<int64_t> all;
    for (const auto& [record, future] : started) all.push_back(record);
    return all;
  }
  /// Completes the newest attempt for this record.
  void answer(int64_t record, std::vector<std::string> results) {
    newest(record).complete(std::move(results));
  }
  const Future& newest(int64_t record) const {
    for (auto at = started.rbegin(); at != started.rend(); ++at) {
      if (at->first == record) return at->second;
    }
    throw std::out_of_range("no request for " + std::to_string(record));
  }
};

class Ask final : public AsyncFunction<int64_t, std::string> {
 public:
  explicit Ask(std::shared_ptr<Requests> requests) : requests_(std::move(requests)) {}
  void async_invoke(const int64_t& record, Future result) override {
    if (record == 13) throw std::runtime_error("not 13");
    requests_->started.emplace_back(record, std::move(result));
  }
  void timeout(const int64_t& record, Future result) override {
    requests_->timed_out.push_back(record);
    if (requests_->answers_timeouts) result.complete({"too late: " + std::to_string(record)});
    else AsyncFunction::timeout(record, std::move(result));
  }

 private:
  std::shared_ptr<Requests> requests_;
};

class AsyncData : public ::testing::Test {
 protected:
  std::unique_ptr<Harness> ordered(std::chrono::milliseconds timeout = 0ms, int64_t capacity = 100,
                                   Retry retry = {}) {
    return harness_of([=, this](const DataStream<int64_t>& numbers) {
      return async_data::ordered_wait_with_retry(numbers, Ask(requests), timeout, capacity, retry);
    });
  }
  std::unique_ptr<Harness> unordered(std::chrono::milliseconds timeout = 0ms,
                                     int64_t capacity = 100, Retry retry = {}) {
    return harness_of([=, this](const DataStream<int64_t>& numbers) {
      return async_data::unordered_wait_with_retry(numbers, Ask(requests), timeout, capacity,
                                                   retry);
    });
  }
  template <class Piece>
  static std::unique_ptr<Harness> harness_of(Piece piece) {
    auto harness = std::make_unique<Harness>(piece);
    harness->processing_time(1000);
    return harness;
  }
  /// Lets the operator look at what has arrived.
  static Texts output_at(Harness& harness, int64_t now) {
    harness.processing_time(now);
    return harness.take_output();
  }

  const std::shared_ptr<Requests> requests = std::make_shared<Requests>();
};

TEST_F(AsyncData, UnorderedResultsAreEmittedAsTheyArrive) {
  const auto harness = unordered();
  harness->elements({{1, 10}, {2, 20}, {3, 30}});
  EXPECT_EQ(requests->records(), (std::vector<int64_t>{1, 2, 3}));
  requests->answer(3, {"three"});
  EXPECT_EQ(output_at(*harness, 1001), (Texts{{"three", 30}}));
  requests->answer(1, {"one", "uno"});
  requests->answer(2, {});
  EXPECT_EQ(output_at(*harness, 1002), (Texts{{"one", 10}, {"uno", 10}}));
  harness->end_of_input();
  EXPECT_EQ(harness->take_output(), Texts());
}

TEST_F(AsyncData, OrderedResultsWaitForEarlierOnes) {
  const auto harness = ordered();
  harness->elements({{1, 10}, {2, 20}, {3, 30}});
  requests->answer(3, {"three"});
  requests->answer(2, {"two"});
  EXPECT_EQ(output_at(*harness, 1001), Texts());
  requests->answer(1, {"one"});
  EXPECT_EQ(output_at(*harness, 1002), (Texts{{"one", 10}, {"two", 20}, {"three", 30}}));
}

TEST_F(AsyncData, NoMoreRequestsThanTheCapacityAreInFlight) {
  for (const bool in_order : {false, true}) {
    requests->started.clear();
    const auto harness = in_order ? ordered(0ms, 2) : unordered(0ms, 2);
    harness->elements({{1, 1}, {2, 2}, {3, 3}, {4, 4}, {5, 5}});
    EXPECT_EQ(requests->records(), (std::vector<int64_t>{1, 2}));
    requests->answer(2, {"two"});
    harness->processing_time(1001);
    // A result that cannot be emitted yet still takes room.
    EXPECT_EQ(requests->records().size(), in_order ? 2u : 3u);
    requests->answer(1, {"one"});
    harness->processing_time(1002);
    EXPECT_EQ(requests->records().size(), 4u);
    for (const int64_t record : {3, 4}) requests->answer(record, {std::to_string(record)});
    harness->processing_time(1003);
    requests->answer(5, {"5"});
    harness->processing_time(1004);
    EXPECT_EQ(harness->take_output().size(), 5u);
  }
}

TEST_F(AsyncData, OnlyTheFirstCompletionCounts) {
  const auto harness = ordered();
  harness->element(1, 10);
  const Future future = requests->newest(1);
  future.complete({"first"});
  future.complete({"second"});
  future.complete_exceptionally(std::runtime_error("third"));
  EXPECT_EQ(output_at(*harness, 1001), (Texts{{"first", 10}}));
  future.complete_exceptionally(std::runtime_error("fourth"));
  EXPECT_EQ(output_at(*harness, 1002), Texts());
}

TEST_F(AsyncData, ACompletionAfterTheEndDoesNoHarm) {
  auto harness = unordered();
  harness->element(1, 10);
  const Future future = requests->newest(1);
  harness.reset();
  future.complete({"late"});
  std::thread([future] { future.complete_exceptionally(std::runtime_error("later")); }).join();
}

TEST_F(AsyncData, AnExceptionFailsTheJob) {
  const auto harness = unordered();
  EXPECT_THROW(harness->element(13), std::runtime_error);
  const auto other = unordered();
  other->element(1);
  requests->newest(1).complete_exceptionally(std::runtime_error("the server is gone"));
  EXPECT_THROW(other->processing_time(1001), std::runtime_error);
  const auto null = unordered();
  null->element(1);
  requests->newest(1).complete_exceptionally(std::exception_ptr());
  EXPECT_THROW(null->processing_time(1001), std::logic_error);
}

TEST_F(AsyncData, ARequestThatTakesTooLongFailsTheJobByDefault) {
  const auto harness = unordered(100ms);
  harness->element(1);
  harness->processing_time(1099);
  EXPECT_TRUE(requests->timed_out.empty());
  EXPECT_THROW(harness->processing_time(1100), AsyncTimeout);
  EXPECT_EQ(requests->timed_out, (std::vector<int64_t>{1}));
}

TEST_F(AsyncData, TheFunctionMayAnswerForARequestThatTakesTooLong) {
  requests->answers_timeouts = true;
  const auto harness = ordered(100ms);
  harness->elements({{1, 10}, {2, 20}});
  requests->answer(2, {"two"});
  EXPECT_EQ(output_at(*harness, 1099), Texts());
  EXPECT_EQ(output_at(*harness, 1100), (Texts{{"too late: 1", 10}, {"two", 20}}));
  requests->answer(1, {"one"});  // too late
  EXPECT_EQ(output_at(*harness, 1200), Texts());
  EXPECT_EQ(requests->timed_out, (std::vector<int64_t>{1}));
}

TEST_F(AsyncData, ExtremeTimeoutsSaturate) {
  const auto harness = harness_of([this](const DataStream<int64_t>& numbers) {
    return async_data::ordered_wait(numbers, Ask(requests), std::chrono::hours::max());
  });
  harness->element(1, 10);
  harness->processing_time(std::numeric_limits<int64_t>::max() - 5);
  EXPECT_TRUE(requests->timed_out.empty());
  requests->answer(1, {"one"});
  EXPECT_EQ(output_at(*harness, std::numeric_limits<int64_t>::max() - 4), (Texts{{"one", 10}}));
}

// --- retries ---

TEST_F(AsyncData, AFixedDelayRepeatsResultsAndExceptions) {
  const auto harness = ordered(0ms, 100,
                               Retry::fixed_delay(2, 50ms)
                                   .if_result([](const auto& results) { return results.empty(); })
                                   .if_exception_of<std::runtime_error>());
  harness->element(1, 10);
  requests->answer(1, {});
  harness->processing_time(1049);
  EXPECT_EQ(requests->started.size(), 1u);
  harness->processing_time(1050);
  EXPECT_EQ(requests->started.size(), 1u);  // the delay began when the result was seen
  harness->processing_time(1099);
  ASSERT_EQ(requests->started.size(), 2u);
  requests->started[0].second.complete({"of the first attempt"});  // ignored
  requests->newest(1).complete_exceptionally(std::runtime_error("busy"));
  harness->processing_time(1100);
  EXPECT_EQ(output_at(*harness, 1150), Texts());
  ASSERT_EQ(requests->started.size(), 3u);
  requests->answer(1, {});  // there are no more retries, so this is the result
  EXPECT_EQ(output_at(*harness, 1151), Texts());
  harness->element(2, 20);
  requests->answer(2, {"two"});
  EXPECT_EQ(output_at(*harness, 1152), (Texts{{"two", 20}}));
}

TEST_F(AsyncData, AnExceptionThatIsNotRepeatedFailsTheJob) {
  const auto retry = Retry::fixed_delay(1, 0ms).if_exception_of<std::out_of_range>();
  const auto harness = unordered(0ms, 100, retry);
  harness->element(1);
  requests->newest(1).complete_exceptionally(std::runtime_error("other"));
  EXPECT_THROW(harness->processing_time(1001), std::runtime_error);
  const auto exhausted = unordered(0ms, 100, retry);
  exhausted->element(1);
  requests->newest(1).complete_exceptionally(std::out_of_range("1"));
  exhausted->processing_time(1001);
  exhausted->processing_time(1002);
  requests->newest(1).complete_exceptionally(std::out_of_range("2"));
  EXPECT_THROW(exhausted->processing_time(1003), std::out_of_range);
}

TEST(AsyncRetryStrategy, DelaysGrowUpToTheMaximum) {
  const auto retry = Retry::exponential_backoff(5, 100ms, 1s, 2.0);
  std::vector<int64_t> delays;
  for (int i = 0; i < 6; ++i) delays.push_back(retry.delay_before(i));
  EXPECT_EQ(delays, (std::vector<int64_t>{100, 200, 400, 800, 1000, 1000}));
  EXPECT_EQ(retry.delay_before(1'000'000), 1000);
  EXPECT_TRUE(retry.may_retry(4));
  EXPECT_FALSE(retry.may_retry(5));
  EXPECT_FALSE(Retry().may_retry(0));
}

TEST_F(AsyncData, TheTimeoutCoversAllAttempts) {
  requests->answers_timeouts = true;
  const auto harness =
      ordered(100ms, 100, Retry::fixed_delay(1000, 30ms).if_result([](const auto& results) {
        return results.empty();
      }));
  harness->element(1, 10);
  for (int64_t now = 1000; now < 1100; now += 10) {
    requests->answer(1, {});
    harness->processing_time(now);
  }
  EXPECT_EQ(output_at(*harness, 1100), (Texts{{"too late: 1", 10}}));
  EXPECT_GT(requests->started.size(), 2u);
}

// --- checkpoints ---

TEST_F(AsyncData, RequestsInFlightAreRepeatedAfterARestore) {
  for (const int parallelism : {1, 2, 3}) {
    requests->started.clear();
    const auto harness = ordered(0ms, 2);
    harness->elements({{1, 10}, {2, 20}, {3, 30}, {4, kNoTimestamp}});
    requests->answer(2, {"two"});  // it waits for 1, so it is repeated, too
    harness->processing_time(1001);
    const TestSnapshot snapshot = harness->snapshot();
    requests->started.clear();
    harness->restore(snapshot, parallelism);
    Texts output;
    for (int i = 0; i < 4; ++i) {
      for (const auto& [record, future] : requests->started)
        future.complete({std::to_string(record)});
      for (TestRecord<std::string>& each : output_at(*harness, 1002 + i)) output.push_back(each);
    }
    std::sort(output.begin(), output.end(),
              [](const auto& a, const auto& b) { return a.value < b.value; });
    EXPECT_EQ(output, (Texts{{"1", 10}, {"2", 20}, {"3", 30}, {"4", kNoTimestamp}}));
  }
}

TEST_F(AsyncData, AResultThatIsThereIsEmittedBeforeTheBarrier) {
  const auto harness = ordered();
  harness->element(1, 10);
  requests->answer(1, {"one"});
  const TestSnapshot snapshot = harness->snapshot();
  EXPECT_EQ(harness->take_output(), (Texts{{"one", 10}}));
  requests->started.clear();
  harness->restore(snapshot, 1);
  harness->processing_time(1002);
  EXPECT_TRUE(requests->started.empty());
}

/// Answers on the pool.
class AskPool final : public AsyncFunction<int64_t, std::string> {
 public:
  void async_invoke(const int64_t& record, Future result) override {
    result.complete_on_pool([record] {
      if (record < 0) throw std::runtime_error("negative");
      return std::vector<std::string>(static_cast<size_t>(record % 3), std::to_string(record));
    });
  }
};

TEST_F(AsyncData, NothingDependsOnWhereAJobIsInterrupted) {
  for (const bool in_order : {false, true}) {
    StreamTestScenario<int64_t, std::string> scenario([=](const DataStream<int64_t>& numbers) {
      return in_order ? async_data::ordered_wait(numbers, AskPool(), 1s, 3)
                      : async_data::unordered_wait(numbers, AskPool(), 1s, 3);
    });
    for (int64_t i = 0; i < 12; ++i) {
      scenario.element(i, 10 * i);
      if (i % 4 == 3) scenario.watermark(10 * i);
    }
    scenario.end_of_input();
    EXPECT_EQ(scenario.run().size(), 12u);
    EXPECT_EQ(scenario.check(), "");
  }
}

}  // namespace
}  // namespace weir
