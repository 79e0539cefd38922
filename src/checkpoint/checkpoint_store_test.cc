#include "checkpoint/checkpoint_store.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

using Ids = std::vector<CheckpointId>;

TEST(CheckpointStore, TheLatestIsTheNewestCompletedOne) {
  CheckpointStore store({.first_id = 1});
  EXPECT_EQ(store.latest(), std::nullopt);
  store.add(1);
  store.add(4);
  EXPECT_EQ(store.latest(), 4);
  EXPECT_TRUE(store.is_completed(1));
  EXPECT_FALSE(store.is_completed(2));
}

TEST(CheckpointStore, RetainsAndDeletesInheritedCheckpointsLikeItsOwn) {
  CheckpointStore store({.completed = {7, 5}, .first_id = 8, .num_retained = 2});
  EXPECT_EQ(store.latest(), 7);
  EXPECT_EQ(store.take_superfluous(JobOutcome::kRunning), Ids{});
  store.add(8);
  EXPECT_EQ(store.take_superfluous(JobOutcome::kRunning), Ids{5});
  EXPECT_EQ(store.completed(), (Ids{7, 8}));
  EXPECT_EQ(store.take_superfluous(JobOutcome::kRunning), Ids{}) << "named once";
}

TEST(CheckpointStore, DeletesUnconfirmedOnesOnlyAfterCompletingOne) {
  CheckpointStore store({.completed = {5}, .unconfirmed = {6, 7}, .first_id = 8});
  EXPECT_EQ(store.latest(), 5) << "nobody has pointed at the others";
  EXPECT_EQ(store.take_superfluous(JobOutcome::kRunning), Ids{});
  store.add(8);
  EXPECT_EQ(store.take_superfluous(JobOutcome::kRunning), (Ids{6, 7, 5}));
}

TEST(CheckpointStore, KeepsUnconfirmedOnesIfTheJobEndsFirst) {
  CheckpointStore store({.completed = {5},
                         .unconfirmed = {6},
                         .first_id = 7,
                         .retention = RetentionPolicy::kDeleteOnCancellation});
  EXPECT_EQ(store.take_superfluous(JobOutcome::kCanceled), Ids{5});
}

TEST(CheckpointStore, RetentionPolicyDecidesAboutTheLastOneAtTheEnd) {
  for (const auto policy :
       {RetentionPolicy::kRetainOnCancellation, RetentionPolicy::kDeleteOnCancellation}) {
    for (const JobOutcome outcome : {JobOutcome::kFinished, JobOutcome::kCanceled}) {
      CheckpointStore store({.completed = {5}, .first_id = 6, .retention = policy});
      const bool deleted =
          outcome == JobOutcome::kCanceled && policy == RetentionPolicy::kDeleteOnCancellation;
      EXPECT_EQ(store.take_superfluous(outcome), deleted ? Ids{5} : Ids{});
    }
  }
}

TEST(CheckpointStore, KeepsSharedCheckpointsAtTheEnd) {
  CheckpointStore store(
      {.completed = {5}, .first_id = 6, .retention = RetentionPolicy::kDeleteOnCancellation});
  EXPECT_FALSE(store.is_shared());
  store.share_with_others(6);
  EXPECT_TRUE(store.is_shared());
  EXPECT_EQ(store.take_superfluous(JobOutcome::kCanceled), Ids{});
}

TEST(CheckpointStore, RecognizesOrphanedCheckpoints) {
  CheckpointStore store({.completed = {5}, .first_id = 6, .num_retained = 9});
  store.add(7);
  store.leave_to_others(8);
  store.share_with_others(9);
  EXPECT_FALSE(store.is_left_over(4, 11)) << "before its time";
  EXPECT_TRUE(store.is_left_over(6, 11));
  EXPECT_FALSE(store.is_left_over(7, 11)) << "completed";
  EXPECT_FALSE(store.is_left_over(8, 11));
  EXPECT_FALSE(store.is_left_over(9, 11));
  EXPECT_TRUE(store.is_left_over(10, 11));
  EXPECT_FALSE(store.is_left_over(11, 11)) << "not given yet";
}

}  // namespace
}  // namespace weir
