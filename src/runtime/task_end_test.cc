// The end of a task: by its input, or by a stop with a savepoint.

#include "runtime/task.h"
#include "runtime/testing/task_fixture.h"

namespace weir::task_tests {
namespace {

TEST(Task, AStoppedSourceReadsNothingUntilTheOutcomeIsKnown) {
  for (const bool aborted : {false, true}) {
    Fixture f({source(2)}, true);
    f.task->step(MonotonicTime(0));
    f.task->trigger_checkpoint(1, StopMode::kSuspend);
    f.run();
    EXPECT_EQ(f.output(), "1 w10 b1 ");
    f.run();
    EXPECT_EQ(f.output(), "");
    if (aborted) f.task->checkpoint_aborted(1);
    else f.task->checkpoint_completed(1, /*ends_job=*/false);  // its savepoint was not written
    f.run();
    EXPECT_EQ(f.output(), "2 w20 wmax end ") << "the stop has failed, and the job goes on";
    EXPECT_EQ(f.events, "snapshot1 ended ");
  }
}

TEST(Task, TimersOfAStoppedTaskFireIfTheStopFails) {
  for (const bool aborted : {false, true}) {
    Fixture f({source(1), [] { return std::make_unique<OneTimer>(50); }}, true);
    f.task->trigger_checkpoint(1, StopMode::kSuspend);
    f.run();
    f.services.now_ms = 100;
    f.run();
    EXPECT_EQ(f.output(), "b1 ") << "what a timer does now would not be in the savepoint";
    if (aborted) f.task->checkpoint_aborted(1);
    else f.task->checkpoint_completed(1, /*ends_job=*/false);
    f.run();
    EXPECT_EQ(f.output(), "7000 1 w10 wmax end ");
  }
}

TEST(Task, AStoppedTaskFinishesWhenItsCommitsAreDone) {
  bool quiescent = false;
  Fixture f({source(2), op({.last_words = true, .quiescent = &quiescent})}, true);
  f.task->step(MonotonicTime(0));
  f.task->trigger_checkpoint(1, StopMode::kSuspend);
  f.run();
  f.task->checkpoint_completed(1, /*ends_job=*/true);
  f.run();
  EXPECT_EQ(f.events, "snapshot1 ") << "a commit is in progress";
  quiescent = true;
  f.run();
  EXPECT_EQ(f.events, "snapshot1 finished ");
  EXPECT_EQ(f.output(), "1 w10 b1 ") << "event time does not end, and nothing says farewell";
}

TEST(Task, ADrainEndsEventTimeBeforeItsBarrierAndAfterEarlierOnes) {
  Fixture f({source(9), op({.last_words = true})}, true);
  f.task->step(MonotonicTime(0));
  f.task->trigger_checkpoint(1);
  f.task->trigger_checkpoint(2);
  f.task->trigger_checkpoint(3, StopMode::kDrain);
  f.task->checkpoint_aborted(2);
  f.run();
  EXPECT_EQ(f.output(), "1 w10 b1 wmax 1000 end b3 ");
  f.task->checkpoint_completed(3, /*ends_job=*/true);
  EXPECT_EQ(f.events, "snapshot1 ended snapshot3 finished ");
}

TEST(Task, ADrainThatIsAbortedInTimeHasNoEffect) {
  Fixture f({source(1)}, true);
  f.task->trigger_checkpoint(1, StopMode::kDrain);
  f.task->checkpoint_aborted(1);
  f.run();
  EXPECT_EQ(f.output(), "1 w10 wmax end ");
}

TEST(Task, ATaskMayLearnOfAStopAfterItsBarrier) {
  Fixture f({op()}, false);
  f.give(0, {StreamElement::Kind::kBarrier, 1, nullptr});
  f.run();
  f.task->trigger_checkpoint(1, StopMode::kSuspend);
  f.task->checkpoint_completed(1, /*ends_job=*/true);
  EXPECT_EQ(f.events, "snapshot1 finished ");
}

TEST(Task, ATaskThatStartsStoppedOnlyPassesBarriers) {
  Fixture f({source(2)}, true);
  f.task->start_stopped();
  f.run();
  EXPECT_EQ(f.output(), "");
  f.task->trigger_checkpoint(5);
  f.run();
  f.task->checkpoint_completed(5, /*ends_job=*/true);
  EXPECT_EQ(f.output(), "b5 ");
  EXPECT_EQ(f.events, "snapshot5 finished ");
}

TEST(Task, EndedTaskStillPassesBarriersAndFinishesWhenOneIsComplete) {
  bool quiescent = false;
  Fixture f({source(1), op({.last_words = true, .quiescent = &quiescent})}, true);
  f.task->trigger_checkpoint(1);
  f.run();
  f.task->checkpoint_completed(1);  // taken before the end, so it does not finish the task
  f.task->trigger_checkpoint(2);
  f.run();
  EXPECT_EQ(f.output(), "b1 1 w10 wmax 1000 end b2 ");
  EXPECT_EQ(f.events, "snapshot1 ended snapshot2 ");
  f.task->checkpoint_completed(2);
  EXPECT_EQ(f.events, "snapshot1 ended snapshot2 ");  // a commit is in progress
  quiescent = true;
  f.run();
  EXPECT_EQ(f.events, "snapshot1 ended snapshot2 finished ");
}

}  // namespace
}  // namespace weir::task_tests
