#include "checkpoint/retention.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

using Ids = std::vector<CheckpointId>;

TEST(Retention, KeepsTheNewestOnes) {
  EXPECT_EQ(plan_retention({.completed = {{4}, {1}, {3}, {2}}, .num_retained = 2}), (Ids{1, 2}));
  EXPECT_EQ(plan_retention({.completed = {{4}, {1}}, .num_retained = 2}), Ids{});
  EXPECT_EQ(plan_retention({.completed = {}}), Ids{});
}

TEST(Retention, NeverDeletesTheNewest) {
  EXPECT_EQ(plan_retention({.completed = {{7}}, .num_retained = 0}), Ids{});
  EXPECT_EQ(plan_retention({.completed = {{6}, {7}}, .num_retained = -3}), (Ids{6}));
}

TEST(Retention, KeepsTheRestoredCheckpointOfTheRunningAttempt) {
  EXPECT_EQ(plan_retention({.completed = {{1}, {2}, {3}}, .num_retained = 1, .in_use = {1}}),
            (Ids{2}));
  EXPECT_EQ(plan_retention({.completed = {{2}, {3}}, .num_retained = 1, .in_use = {99}}), (Ids{2}));
}

TEST(Retention, KeepsDependenciesOfAKeptCheckpoint) {
  EXPECT_EQ(plan_retention({.completed = {{1}, {2, {1}}, {3}, {4, {2}}}, .num_retained = 1}),
            (Ids{3}));
  EXPECT_EQ(
      plan_retention({.completed = {{1}, {2, {1}}, {3}, {4}}, .num_retained = 1, .in_use = {2}}),
      (Ids{3}));
}

TEST(Retention, HandlesCircularDependencies) {
  EXPECT_EQ(plan_retention({.completed = {{1, {2}}, {2, {1}}, {3, {3}}}, .num_retained = 1}),
            (Ids{1, 2}));
}

TEST(Retention, LastCheckpointSurvivesEveryEndExceptADeletingCancel) {
  for (const JobOutcome outcome :
       {JobOutcome::kRunning, JobOutcome::kFinished, JobOutcome::kFailed, JobOutcome::kSuspended}) {
    EXPECT_EQ(plan_retention({.completed = {{1}, {2}},
                              .outcome = outcome,
                              .policy = RetentionPolicy::kDeleteOnCancellation}),
              (Ids{1}));
  }
  EXPECT_EQ(plan_retention({.completed = {{1}, {2}}, .outcome = JobOutcome::kCanceled}), (Ids{1}));
  EXPECT_EQ(plan_retention({.completed = {{1}, {2}},
                            .outcome = JobOutcome::kCanceled,
                            .policy = RetentionPolicy::kDeleteOnCancellation}),
            (Ids{1, 2}));
}

}  // namespace
}  // namespace weir
