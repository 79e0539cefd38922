// Jobs with asynchronous requests, on the real clock and with real threads.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "weir/weir.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

/// Answers on the pool.
class AskPool final : public AsyncFunction<int64_t, std::string> {
 public:
  void async_invoke(const int64_t& record, ResultFuture<std::string> result) override {
    result.complete_on_pool([record] {
      if (record < 0) throw std::runtime_error("negative");
      return std::vector<std::string>(static_cast<size_t>(record % 3), std::to_string(record));
    });
  }
};

/// Answers from threads of its own, late ones first, and asks again twice.
class AskThreads final : public AsyncFunction<int64_t, int64_t> {
 public:
  explicit AskThreads(std::shared_ptr<std::atomic<int>> asked) : asked_(std::move(asked)) {}
  AskThreads(const AskThreads& other) : asked_(other.asked_) {}
  void async_invoke(const int64_t& record, ResultFuture<int64_t> result) override {
    asked_->fetch_add(1);
    threads_.emplace_back([record, result, times = ++times_[record]] {
      for (int64_t i = 0; i < record % 7 * 50; ++i) std::this_thread::yield();
      if (times <= 2 && record % 10 == 0) result.complete({});
      else result.complete({record});
    });
  }

 private:
  const std::shared_ptr<std::atomic<int>> asked_;
  std::map<int64_t, int> times_;
  std::vector<std::jthread> threads_;
};

TEST(AsyncJob, CompletionsOfOtherThreadsKeepTheOrder) {
  StreamExecutionEnvironment env;
  env.set_parallelism(1);
  CollectSink<int64_t> sink;
  const auto asked = std::make_shared<std::atomic<int>>(0);
  std::vector<int64_t> numbers;
  // The last ones are not repeated: at the end of the input there are no further retries.
  for (int64_t i = 1; i <= 99; ++i) numbers.push_back(i);
  async_data::ordered_wait_with_retry(env.from_collection(numbers), AskThreads(asked), 1min, 5,
                                      AsyncRetryStrategy<int64_t>::fixed_delay(2, 1ms).if_result(
                                          [](const auto& results) { return results.empty(); }))
      .sink_to(sink);
  const auto result = env.run("ask");
  ASSERT_TRUE(result.ok()) << result.status().to_string();
  EXPECT_EQ(sink.records(), numbers);
  EXPECT_EQ(asked->load(), 99 + 2 * 9);
}

/// Answers most requests at once, as from a cache. Lets some time out, and answers these then.
class AskCache final : public AsyncFunction<int64_t, int64_t> {
 public:
  void async_invoke(const int64_t& record, ResultFuture<int64_t> result) override {
    if (record % 50 != 7) result.complete({record});
  }
  void timeout(const int64_t& record, ResultFuture<int64_t> result) override {
    result.complete({record});
  }
};

TEST(AsyncJob, GoesOnAfterAnswersAtOnceAndTimeouts) {
  for (const int64_t capacity : {1, 3, 1000}) {
    for (const bool in_order : {false, true}) {
      StreamExecutionEnvironment env;
      env.set_parallelism(1);
      CollectSink<int64_t> sink;
      std::vector<int64_t> numbers;
      for (int64_t i = 0; i < 300; ++i) numbers.push_back(i);
      const auto stream = env.from_collection(numbers);
      (in_order ? async_data::ordered_wait(stream, AskCache(), 5ms, capacity)
                : async_data::unordered_wait(stream, AskCache(), 5ms, capacity))
          .sink_to(sink);
      const auto result = env.run("cache");
      ASSERT_TRUE(result.ok()) << result.status().to_string();
      auto answered = sink.records();
      if (!in_order) std::sort(answered.begin(), answered.end());
      EXPECT_EQ(answered, numbers);
    }
  }
}

TEST(AsyncJob, AtTheEndOfTheInputADelayedRetryComesAtOnce) {
  StreamExecutionEnvironment env;
  env.set_parallelism(1);
  CollectSink<int64_t> sink;
  const auto asked = std::make_shared<std::atomic<int>>(0);
  async_data::ordered_wait_with_retry(env.from_elements<int64_t>({10, 20}), AskThreads(asked), 1h,
                                      5,
                                      AsyncRetryStrategy<int64_t>::fixed_delay(5, 1h).if_result(
                                          [](const auto& results) { return results.empty(); }))
      .sink_to(sink);
  const auto result = env.run("ask");
  ASSERT_TRUE(result.ok()) << result.status().to_string();
  EXPECT_LE(asked->load(), 4);  // each once more, without a further retry
}

TEST(AsyncJob, AnExceptionOfARequestNamesTheOperator) {
  StreamExecutionEnvironment env;
  env.set_parallelism(1);
  env.set_restart_strategy(RestartStrategy::none());
  CollectSink<std::string> sink;
  async_data::unordered_wait(env.from_elements<int64_t>({1, 2, -1}), AskPool(), 1min)
      .name("ask the shop")
      .sink_to(sink);
  const auto result = env.run("ask");
  ASSERT_FALSE(result.ok());
  const std::string message = result.status().to_string();
  EXPECT_NE(message.find("ask the shop"), std::string::npos) << message;
  EXPECT_NE(message.find("negative"), std::string::npos) << message;
}

TEST(AsyncJob, ImpossibleSettingsAreRefusedBeforeTheStart) {
  StreamExecutionEnvironment env;
  CollectSink<std::string> sink;
  async_data::unordered_wait_with_retry(env.from_elements<int64_t>({1}), AskPool(), -1ms, 0,
                                        AsyncRetryStrategy<std::string>::fixed_delay(-1, 1ms))
      .sink_to(sink);
  const auto result = env.run("ask");
  ASSERT_FALSE(result.ok());
  const std::string message = result.status().to_string();
  for (const char* part :
       {"its timeout is negative; 0 means none", "its capacity is 0; it must be 1 or more",
        "the number of retries is negative"})
    EXPECT_NE(message.find(part), std::string::npos) << message;
}

}  // namespace
}  // namespace weir
