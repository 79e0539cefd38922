#include "cluster/failure_history.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(FailureHistory, CountsTheSameFailureUntilACheckpointIsComplete) {
  FailureHistory history;
  EXPECT_EQ(history.count(aborted("a")), 1);
  EXPECT_EQ(history.count(aborted("a")), 2);
  EXPECT_EQ(history.count(aborted("b")), 1);
  EXPECT_EQ(history.count(aborted("a")), 1);
  EXPECT_EQ(history.count(aborted("a")), 2);
  history.on_completed();
  EXPECT_EQ(history.count(aborted("a")), 1);
}

TEST(FailureHistory, ACheckpointThatCannotBeRestoredTwiceIsKnown) {
  FailureHistory history;
  EXPECT_FALSE(history.restore_failed_again(7, aborted("x")));
  EXPECT_FALSE(history.restore_failed_again(7, unavailable("storage")));
  EXPECT_TRUE(history.restore_failed_again(7, aborted("x")));
  EXPECT_FALSE(history.restore_failed_again(6, aborted("x")));
  EXPECT_TRUE(history.restore_failed_again(6, aborted("y")));
  history.on_completed();
  EXPECT_FALSE(history.restore_failed_again(6, aborted("x")));
}

TEST(FailureHistory, WhatTheProgramOrItsInputMakesWrongDoesNotPass) {
  EXPECT_FALSE(may_pass(failed_precondition("another type")));
  EXPECT_FALSE(may_pass(invalid_argument("a setting")));
  EXPECT_TRUE(may_pass(aborted("an exception")));
  EXPECT_TRUE(may_pass(unavailable("a worker is lost")));
  EXPECT_TRUE(may_pass(not_found("a file that others write")));
  EXPECT_FALSE(preparation_may_pass(not_found("a checkpoint")));
  EXPECT_FALSE(preparation_may_pass(data_loss("a checkpoint")));
  EXPECT_TRUE(preparation_may_pass(unavailable("storage")));
}

}  // namespace
}  // namespace weir
