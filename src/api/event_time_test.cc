// Idle and aligned sources in whole jobs, and jobs that are refused for their event time.

#include <gtest/gtest.h>

#include <functional>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "weir/weir.h"

namespace {

using namespace std::chrono_literals;
using weir::BatchOf;
using weir::PollResult;
using weir::StreamExecutionEnvironment;
using weir::Timestamp;

constexpr PollResult kEnd{PollResult::Status::kEnd};

/// A source of one subtask. Each poll calls `read`, which adds records with timestamps.
class Scripted final : public weir::Source<int64_t> {
 public:
  using Read = std::function<PollResult(BatchOf<int64_t>& out, int64_t now_ms)>;
  explicit Scripted(Read read, bool timed = true) : read_(std::move(read)), timed_(timed) {}

  weir::StatusOr<std::vector<std::string>> enumerate(weir::FileSystemRegistry&,
                                                     int) const override {
    return std::vector<std::string>{"all"};
  }
  std::unique_ptr<weir::SourceReader<int64_t>> create_reader() const override {
    return std::make_unique<Reader>(read_);
  }
  bool bounded() const override { return true; }
  bool has_timestamps() const override { return timed_; }

 private:
  class Reader final : public weir::SourceReader<int64_t> {
   public:
    explicit Reader(Read read) : read_(std::move(read)) {}
    weir::Status open(weir::OperatorContext& context) override {
      context_ = &context;
      return {};
    }
    void add_splits(std::vector<std::string>) override {}
    PollResult poll(BatchOf<int64_t>& out, size_t) override {
      return read_(out, context_->processing_time_ms());
    }
    std::vector<std::string> snapshot() override { return {}; }

   private:
    const Read read_;
    weir::OperatorContext* context_ = nullptr;
  };

  const Read read_;
  const bool timed_;
};

PollResult again_in_a_ms(int64_t now_ms) { return {PollResult::Status::kNothingNow, now_ms + 1}; }

/// All sources run in one thread, and each poll counts.
StreamExecutionEnvironment environment() {
  StreamExecutionEnvironment env;
  env.set_parallelism(1).configure("pipeline.auto-watermark-interval", "0 ms");
  return env;
}

weir::WatermarkStrategy<int64_t> ascending() { return weir::for_monotonous_timestamps<int64_t>(); }

/// Runs the job: sums the records in windows of 50 ms of event time. Returns the sums, in the order
/// in which the windows fired, and sets `fired` at the first one.
template <class Stream>
std::vector<int64_t> sums_of_windows(StreamExecutionEnvironment& env, const Stream& stream,
                                     bool& fired) {
  weir::CollectSink<int64_t> sink;
  stream.key_by([](int64_t) { return int64_t{0}; })
      .window(weir::TumblingEventTimeWindows::of(50ms))
      .reduce([](int64_t a, int64_t b) { return a + b; })
      .map([&](int64_t sum) {
        fired = true;
        return sum;
      })
      .sink_to(sink);
  const auto result = env.run("sums");
  EXPECT_TRUE(result.ok()) << result.status().to_string();
  return sink.records();
}
int64_t total(const std::vector<int64_t>& sums) {
  return std::accumulate(sums.begin(), sums.end(), int64_t{0});
}

/// The source that is silent says its record only when a window has fired without it.
template <class Combine>
void expect_silence_holds_nothing_back(Combine combine) {
  bool fired = false;
  int64_t spoken = 0, next = 0;
  const Scripted busy([&](BatchOf<int64_t>& out, int64_t now_ms) {
    if (spoken > 1 && next > 100) return kEnd;
    out.add(1, next++ * 10);
    return again_in_a_ms(now_ms);
  });
  const Scripted silent([&](BatchOf<int64_t>& out, int64_t now_ms) {
    if (!fired) return again_in_a_ms(now_ms);
    if (spoken == 2) return kEnd;
    out.add(1000, 1'000'000 + spoken++);
    return again_in_a_ms(now_ms);
  });
  auto env = environment();
  const auto first = env.from_source(busy, ascending(), "busy");
  const auto second = env.from_source(silent, ascending().with_idleness(20ms), "silent");
  const auto sums = sums_of_windows(env, combine(first, second), fired);
  EXPECT_EQ(total(sums), next + 2000) << "no record was late";
}

TEST(EventTime, UnionDoesNotWaitForASilentSource) {
  expect_silence_holds_nothing_back(
      [](const auto& first, const auto& second) { return first.union_with(second); });
}

TEST(EventTime, OperatorWithTwoInputsDoesNotWaitForASilentOne) {
  expect_silence_holds_nothing_back([](const auto& first, const auto& second) {
    return first.connect(second).map([](int64_t a) { return a; }, [](int64_t b) { return b; });
  });
}

TEST(EventTime, AlignedSourceWaitsForTheSlowest) {
  int64_t fast_read = 0, read_before = -1, polls_without = 0, fast_end = INT64_MAX;
  const Scripted fast([&](BatchOf<int64_t>& out, int64_t now_ms) {
    if (fast_read >= fast_end) return kEnd;
    out.add(1, 1000 * fast_read++);
    return again_in_a_ms(now_ms);
  });
  const Scripted slow([&](BatchOf<int64_t>& out, int64_t now_ms) {
    if (read_before < 0) {
      out.add(1, 1);
    } else if (polls_without > 50) {
      fast_end = fast_read + 20;
      return kEnd;
    }
    polls_without = fast_read == read_before ? polls_without + 1 : 0;
    read_before = fast_read;
    // Without alignment the other source reads on in each of these turns.
    EXPECT_LT(fast_read, 100'000);
    return fast_read < 100'000 ? again_in_a_ms(now_ms) : kEnd;
  });
  auto env = environment();
  weir::CollectSink<int64_t> sink;
  const auto strategy = ascending().with_watermark_alignment("both", 5s, 5ms);
  env.from_source(fast, strategy, "fast")
      .union_with(env.from_source(slow, strategy, "slow"))
      .sink_to(sink);
  const auto result = env.run("aligned");
  ASSERT_TRUE(result.ok()) << result.status().to_string();
  EXPECT_GT(polls_without, 50);
  EXPECT_EQ(sink.records().size(), static_cast<size_t>(fast_end + 1));
}

/// The source waits for the result of the first window before it ends.
void expect_time_can_be_assigned_later(weir::WatermarkStrategy<int64_t> at_source) {
  bool fired = false;
  int64_t next = 0;
  const Scripted source([&](BatchOf<int64_t>& out, int64_t now_ms) {
    if (fired && next > 10) return kEnd;
    out.add(next++, 1'000'000'000);
    return again_in_a_ms(now_ms);
  });
  auto env = environment();
  const auto timed = env.from_source(source, at_source, "source")
                         .map([](int64_t n) { return 10 * n; })
                         .assign_timestamps_and_watermarks(ascending().with_timestamp_assigner(
                             [](int64_t time) { return time; }));
  const auto sums = sums_of_windows(env, timed, fired);
  ASSERT_GT(sums.size(), 2u);
  EXPECT_EQ(sums.front(), 0 + 10 + 20 + 30 + 40) << "the first window of 50 ms";
  EXPECT_EQ(total(sums), 10 * (next - 1) * next / 2) << "no record was late";
}

TEST(EventTime, CanBeAssignedBehindAnOperator) {
  expect_time_can_be_assigned_later(weir::no_watermarks());
}

TEST(EventTime, AssignedLaterReplacesThatOfTheSource) {
  expect_time_can_be_assigned_later(ascending());
}

TEST(EventTime, StreamIsIdleByTheStrategyAssignedLater) {
  const auto strategy =
      ascending().with_timestamp_assigner([](int64_t, Timestamp source) { return source; });
  expect_silence_holds_nothing_back([&](const auto& first, const auto& second) {
    return first.assign_timestamps_and_watermarks(strategy).union_with(
        second.assign_timestamps_and_watermarks(strategy.with_idleness(20ms)));
  });
}

std::string refusal(const std::function<void(StreamExecutionEnvironment&)>& describe) {
  auto env = environment();
  describe(env);
  const auto result = env.run("refused");
  return result.ok() ? "it ran" : std::string(result.status().message());
}

template <class Stream>
void add_window(const Stream& stream) {
  stream.key_by([](int64_t n) { return n; })
      .window(weir::TumblingEventTimeWindows::of(1s))
      .reduce([](int64_t a, int64_t b) { return a + b; })
      .name("sums")
      .print();
}

TEST(EventTime, WindowWithoutAnyTimestampsIsRefused) {
  const auto numbers = [] {
    return weir::GeneratorSource<int64_t>(3, [](int64_t i) { return i; });
  };
  const std::string sentence =
      "operator 'sums' works in event time, and none of its records has a timestamp";
  EXPECT_NE(refusal([](auto& env) {
              add_window(env.template from_elements<int64_t>({1}));
            }).find(sentence),
            std::string::npos);
  EXPECT_NE(refusal([&](auto& env) {
              add_window(env.from_source(numbers(), ascending(), "numbers").map([](int64_t n) {
                return n;
              }));
            }).find(sentence),
            std::string::npos)
      << "watermarks without timestamps";
}

TEST(EventTime, RefusalOfAGeneratorIsAFailureOfTheJob) {
  const auto strategy = weir::for_generator<int64_t>(
      []() -> std::unique_ptr<weir::WatermarkGenerator<int64_t>> { return nullptr; });
  EXPECT_NE(refusal([&](auto& env) {
              env.configure("restart-strategy.type", "none");
              env.from_source(Scripted([](BatchOf<int64_t>&, int64_t) { return kEnd; }), strategy,
                              "numbers")
                  .print();
            }).find("the function given to for_generator() returned no generator"),
            std::string::npos);
}

TEST(EventTime, ProblemsOfAStrategyAreReported) {
  EXPECT_NE(refusal([&](auto& env) {
              env.from_source(Scripted([](BatchOf<int64_t>&, int64_t) { return kEnd; }),
                              ascending().with_idleness(-1ms), "numbers")
                  .print();
            }).find("with_idleness() is given -1 ms"),
            std::string::npos);
  EXPECT_NE(refusal([&](auto& env) {
              env.template from_elements<int64_t>({1})
                  .assign_timestamps_and_watermarks(ascending().with_watermark_alignment("g", 1s))
                  .print();
            }).find("which only a source can obey"),
            std::string::npos);
}

}  // namespace
