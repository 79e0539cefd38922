#include "checkpoint/trigger_policy.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

using namespace std::chrono_literals;
using Kind = TriggerDecision::Kind;

constexpr TriggerDecision kStart{Kind::kStart, {}};
constexpr TriggerDecision kWait{Kind::kWait, {}};
constexpr TriggerDecision not_before(MonotonicTime time) { return {Kind::kNotBefore, time}; }

TEST(TriggerPolicy, StartsWhenTheIntervalIsOver) {
  const TriggerPolicyOptions options{.interval = 10s};
  EXPECT_EQ(decide_trigger(options, {.now = 105s, .last_trigger = 100s}), not_before(110s));
  EXPECT_EQ(decide_trigger(options, {.now = 110s - 1ns, .last_trigger = 100s}), not_before(110s));
  EXPECT_EQ(decide_trigger(options, {.now = 110s, .last_trigger = 100s}), kStart);
}

TEST(TriggerPolicy, StartsEarlierAfterEnoughEvents) {
  const TriggerPolicyOptions options{.interval = 10s, .event_threshold = 1000};
  EXPECT_EQ(
      decide_trigger(options, {.now = 101s, .last_trigger = 100s, .events_since_trigger = 999}),
      not_before(110s));
  EXPECT_EQ(
      decide_trigger(options, {.now = 101s, .last_trigger = 100s, .events_since_trigger = 1000}),
      kStart);
}

TEST(TriggerPolicy, EventsAloneAreEnough) {
  const TriggerPolicyOptions options{.event_threshold = 5};
  EXPECT_EQ(decide_trigger(options, {.now = 1000s, .events_since_trigger = 4}), kWait);
  EXPECT_EQ(decide_trigger(options, {.now = 1000s, .events_since_trigger = 5}), kStart);
}

TEST(TriggerPolicy, WithoutIntervalAndThresholdOnlyAForcedOneStarts) {
  EXPECT_EQ(decide_trigger({}, {.now = 1000s, .events_since_trigger = 1 << 30}), kWait);
  EXPECT_EQ(decide_trigger({}, {.now = 1000s, .forced = true}), kStart);
}

TEST(TriggerPolicy, PausesAfterTheEndOfTheLast) {
  const TriggerPolicyOptions options{.interval = 10s, .event_threshold = 1000, .min_pause = 5s};
  EXPECT_EQ(decide_trigger(options, {.now = 111s, .last_trigger = 100s, .last_end = 109s}),
            not_before(114s));
  EXPECT_EQ(decide_trigger(options, {.now = 114s, .last_trigger = 100s, .last_end = 109s}), kStart);
  EXPECT_EQ(
      decide_trigger(
          options,
          {.now = 102s, .last_trigger = 100s, .last_end = 101s, .events_since_trigger = 5000}),
      not_before(106s));
}

TEST(TriggerPolicy, TheLaterOfIntervalAndPauseCounts) {
  const TriggerPolicyOptions options{.interval = 10s, .min_pause = 2s};
  EXPECT_EQ(decide_trigger(options, {.now = 104s, .last_trigger = 100s, .last_end = 101s}),
            not_before(110s));
}

TEST(TriggerPolicy, WaitsWhileAsManyAsAllowedAreUnderWay) {
  const TriggerPolicyOptions options{.interval = 10s, .max_concurrent = 2};
  EXPECT_EQ(decide_trigger(options, {.now = 200s, .pending = 2}), kWait);
  EXPECT_EQ(decide_trigger(options, {.now = 200s, .pending = 2, .forced = true}), kWait);
  EXPECT_EQ(decide_trigger(options, {.now = 200s, .pending = 1}), kStart);
}

TEST(TriggerPolicy, WaitsUntilTheTasksKnowOfTheOneBefore) {
  const TriggerPolicyOptions options{.interval = 10s, .max_concurrent = 2};
  EXPECT_EQ(decide_trigger(options, {.now = 200s, .pending = 1, .preparing = true}), kWait);
}

TEST(TriggerPolicy, WaitsForDeletionsThatPileUp) {
  const TriggerPolicyOptions options{.interval = 10s, .max_deletions = 3};
  EXPECT_EQ(decide_trigger(options, {.now = 200s, .deletions = 4}), kWait);
  EXPECT_EQ(decide_trigger(options, {.now = 200s, .deletions = 3}), kStart);
}

TEST(TriggerPolicy, AForcedOneIgnoresIntervalAndPause) {
  const TriggerPolicyOptions options{.interval = 10s, .min_pause = 60s};
  EXPECT_EQ(decide_trigger(options,
                           {.now = 101s, .last_trigger = 100s, .last_end = 101s, .forced = true}),
            kStart);
}

TEST(TriggerPolicy, AForcedOneAfterAFailureDoesNotSpin) {
  const TriggerPolicyOptions options{.pause_after_failure = 1s};
  EXPECT_EQ(
      decide_trigger(options, {.now = 100s, .last_end = 100s, .last_failed = true, .forced = true}),
      not_before(101s));
  EXPECT_EQ(
      decide_trigger(options, {.now = 101s, .last_end = 100s, .last_failed = true, .forced = true}),
      kStart);
}

}  // namespace
}  // namespace weir
