#include "cluster/job_master/restart_backoff.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Type = RestartStrategyType;

TEST(RestartBackoff, NoneNeverRestarts) {
  RestartBackoff strategy({.type = Type::kNone});
  EXPECT_FALSE(strategy.on_failure(seconds(1), 0.5));
}

TEST(RestartBackoff, FixedDelayRestartsTheConfiguredNumberOfTimes) {
  RestartBackoff strategy({.type = Type::kFixedDelay, .attempts = 2, .delay = milliseconds(300)});
  EXPECT_EQ(strategy.on_failure(seconds(1), 0.5), MonotonicTime(milliseconds(300)));
  EXPECT_EQ(strategy.on_failure(seconds(100), 0.5), MonotonicTime(milliseconds(300)));
  EXPECT_FALSE(strategy.on_failure(seconds(1000), 0.5));
}

TEST(RestartBackoff, FailureRateForgetsFailuresOlderThanTheInterval) {
  RestartBackoff strategy({.type = Type::kFailureRate,
                           .delay = milliseconds(10),
                           .max_failures_per_interval = 2,
                           .failure_rate_interval = seconds(10)});
  EXPECT_TRUE(strategy.on_failure(seconds(0), 0.5));
  EXPECT_TRUE(strategy.on_failure(seconds(5), 0.5));
  EXPECT_TRUE(strategy.on_failure(seconds(11), 0.5));
  EXPECT_FALSE(strategy.on_failure(seconds(12), 0.5));
}

TEST(RestartBackoff, ExponentialDelayGrowsToItsMaximumAndResetsAfterAQuietTime) {
  RestartBackoff strategy({.type = Type::kExponentialDelay,
                           .initial_backoff = milliseconds(100),
                           .max_backoff = milliseconds(250),
                           .backoff_multiplier = 2,
                           .jitter_factor = 0,
                           .reset_backoff_threshold = seconds(60)});
  EXPECT_EQ(strategy.on_failure(seconds(0), 0.5), MonotonicTime(milliseconds(100)));
  EXPECT_EQ(strategy.on_failure(seconds(1), 0.5), MonotonicTime(milliseconds(200)));
  EXPECT_EQ(strategy.on_failure(seconds(2), 0.5), MonotonicTime(milliseconds(250)));
  EXPECT_EQ(strategy.on_failure(seconds(63), 0.5), MonotonicTime(milliseconds(100)));
}

TEST(RestartBackoff, ExponentialDelayCountsOnlyTheFailuresSinceAQuietTime) {
  RestartBackoff strategy({.type = Type::kExponentialDelay,
                           .initial_backoff = milliseconds(100),
                           .max_backoff = milliseconds(100),
                           .jitter_factor = 0,
                           .reset_backoff_threshold = seconds(60),
                           .attempts_before_reset = 2});
  for (const int begin : {0, 1000, 2000}) {
    EXPECT_TRUE(strategy.on_failure(seconds(begin), 0.5)) << begin;
    EXPECT_TRUE(strategy.on_failure(seconds(begin + 1), 0.5)) << begin;
  }
  EXPECT_FALSE(strategy.on_failure(seconds(2002), 0.5));
}

TEST(RestartBackoff, JitterStaysWithinItsFactor) {
  RestartBackoffOptions options{
      .type = Type::kExponentialDelay, .initial_backoff = milliseconds(1000), .jitter_factor = 0.1};
  EXPECT_EQ(RestartBackoff(options).on_failure(seconds(0), 0.0), MonotonicTime(milliseconds(900)));
  EXPECT_LE(RestartBackoff(options).on_failure(seconds(0), 0.999).value(),
            MonotonicTime(milliseconds(1100)));
}

TEST(RestartBackoff, OverflowingBackoffStaysAtTheMaximum) {
  const std::chrono::milliseconds longest = std::chrono::hours(24) * 36525;
  RestartBackoff strategy({.type = Type::kExponentialDelay,
                           .initial_backoff = longest,
                           .max_backoff = longest,
                           .backoff_multiplier = 1e300,
                           .jitter_factor = 0});
  EXPECT_EQ(strategy.on_failure(seconds(1), 0.5), MonotonicTime(longest));
  EXPECT_EQ(strategy.on_failure(seconds(2), 0.5), MonotonicTime(longest));
}

}  // namespace
}  // namespace weir
