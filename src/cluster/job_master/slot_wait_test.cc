#include "cluster/job_master/slot_wait.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

using namespace std::chrono_literals;

constexpr SlotWaitOptions kAdaptive{.adaptive = true, .first = 30s, .restart = 2s};
constexpr SlotWaitOptions kFixed{.adaptive = false, .first = 30s, .restart = 2s};

TEST(SlotWait, BeginsAtOnceOnAllRequestedSlotsAndNoMore) {
  SlotWait wait(kAdaptive);
  wait.begin(100s, true);
  EXPECT_EQ(wait.decide(100s, 4, 4).shards, 4);
  EXPECT_EQ(wait.decide(100s, 9, 4).shards, 4);
}

TEST(SlotWait, BeginsOnFewerAfterTheWait) {
  SlotWait wait(kAdaptive);
  wait.begin(100s, false);
  EXPECT_EQ(wait.decide(101s, 3, 4).shards, 0);
  EXPECT_EQ(wait.decide(101s, 3, 4).ask_again, 102s);
  EXPECT_EQ(wait.decide(102s, 3, 4).shards, 3);
}

TEST(SlotWait, FirstStartWaitsLonger) {
  SlotWait wait(kAdaptive);
  wait.begin(100s, true);
  EXPECT_EQ(wait.decide(129s, 3, 4).shards, 0);
  EXPECT_EQ(wait.decide(130s, 3, 4).shards, 3);
}

TEST(SlotWait, DoesNotBeginWithoutASlot) {
  SlotWait wait(kAdaptive);
  wait.begin(100s, false);
  EXPECT_EQ(wait.decide(1000s, 0, 4).shards, 0);
}

TEST(SlotWait, FixedJobWaitsForAllSlots) {
  SlotWait wait(kFixed);
  wait.begin(100s, false);
  EXPECT_EQ(wait.decide(1000s, 3, 4).shards, 0);
  EXPECT_EQ(wait.decide(1000s, 4, 4).shards, 4);
}

TEST(SlotWait, RequestsALogLineEveryTenSeconds) {
  SlotWait wait(kFixed);
  wait.begin(100s, false);
  EXPECT_FALSE(wait.decide(109s, 1, 4).say_so);
  EXPECT_EQ(wait.decide(109s, 1, 4).ask_again, 110s);
  EXPECT_TRUE(wait.decide(111s, 1, 4).say_so);
  EXPECT_FALSE(wait.decide(120s, 1, 4).say_so);
  EXPECT_TRUE(wait.decide(121s, 1, 4).say_so);
}

}  // namespace
}  // namespace weir
