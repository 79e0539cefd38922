// Savepoints, and the end of a job with one.

#include "cluster/job_master/job_master.h"

#include <gtest/gtest.h>

#include "cluster/testing/master_fixture.h"

namespace weir::cluster_tests {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// A job that is asked to stop with a savepoint.
class JobMasterStopTest : public JobMasterTest {
 protected:
  /// Runs on one worker, and asks. Returns the checkpoint that is triggered.
  TriggerCheckpoint stop(StopMode mode) {
    with_checkpoints();
    options_.savepoint_directory = "mem:///s";
    make();
    worker_.emplace(worker("a", 2));
    attempt_ = run({&*worker_});
    master_->trigger_savepoint({.stop = mode}, [this](const auto& answer) { answer_ = answer; });
    settle();
    const auto trigger = worker_->take<TriggerCheckpoint>();
    EXPECT_TRUE(trigger.has_value());
    return trigger.value_or(TriggerCheckpoint{});
  }

  std::optional<FakeWorker> worker_;
  AttemptId attempt_ = 0;
  std::optional<StatusOr<CompletedCheckpoint>> answer_;
};

TEST_F(JobMasterStopTest, AnswersWhenTheJobHasFinished) {
  const TriggerCheckpoint trigger = stop(StopMode::kSuspend);
  EXPECT_EQ(trigger.stop, StopMode::kSuspend);
  EXPECT_TRUE(trigger.savepoint.starts_with("mem:///s/savepoint-")) << trigger.savepoint;
  acknowledge(*worker_, attempt_, trigger.id, 2);
  EXPECT_TRUE(worker_->take<NotifyCheckpointComplete>()->ends_job);
  EXPECT_FALSE(answer_.has_value()) << "sinks are committing";
  worker_->send(TasksEnded{attempt_, true});
  settle();
  leave({&*worker_}, attempt_);
  EXPECT_EQ(state(), JobState::kFinished);
  ASSERT_TRUE(answer_.has_value());
  EXPECT_EQ(answer_->value().savepoint, trigger.savepoint);
  EXPECT_EQ(master_->view().stopped_with, trigger.savepoint);
}

TEST_F(JobMasterStopTest, RepeatsTheCommitsIfTheyWereInterrupted) {
  const TriggerCheckpoint trigger = stop(StopMode::kSuspend);
  acknowledge(*worker_, attempt_, trigger.id, 2);
  worker_->send(TaskFailed{attempt_, "sink (1/2)", unavailable("broken")});
  settle();
  leave({&*worker_}, attempt_);
  pass(seconds(2), {&*worker_});
  const auto deploy = worker_->take<Deploy>();
  ASSERT_TRUE(deploy.has_value());
  EXPECT_EQ(deploy->common->restored_checkpoint, trigger.id);
  worker_->send(Deployed{deploy->attempt});
  // The master looks for a later start, then starts the tasks. settle() would also trigger.
  step();
  world_.run_work();
  step();
  const auto start = worker_->take<Start>();
  ASSERT_TRUE(start.has_value());
  EXPECT_TRUE(start->stopped) << "nothing is read that the savepoint does not cover";
  settle();
  const auto last = worker_->take<TriggerCheckpoint>();
  ASSERT_TRUE(last.has_value());
  acknowledge(*worker_, deploy->attempt, last->id, 2);
  EXPECT_TRUE(worker_->take<NotifyCheckpointComplete>()->ends_job);
  EXPECT_FALSE(answer_.has_value());
  worker_->send(TasksEnded{deploy->attempt, true});
  settle();
  leave({&*worker_}, deploy->attempt);
  EXPECT_EQ(state(), JobState::kFinished);
  EXPECT_EQ(answer_->value().savepoint, trigger.savepoint) << "still the one that was taken";
}

TEST_F(JobMasterStopTest, AFailedStopLeavesTheJobRunning) {
  const TriggerCheckpoint trigger = stop(StopMode::kSuspend);
  worker_->send(DeclineCheckpoint{attempt_, trigger.id, 0, resource_exhausted("quota")});
  settle();
  ASSERT_TRUE(answer_.has_value());
  EXPECT_NE(answer_->status().message().find("quota"), std::string_view::npos);
  EXPECT_EQ(state(), JobState::kRunning);
  EXPECT_FALSE(worker_->take<Cancel>().has_value());
  pass(seconds(11), {&*worker_});
  EXPECT_TRUE(worker_->take<TriggerCheckpoint>().has_value()) << "checkpoints go on";
}

TEST_F(JobMasterStopTest, AFailedDrainGoesBackToTheLastCheckpoint) {
  const TriggerCheckpoint trigger = stop(StopMode::kDrain);
  EXPECT_EQ(trigger.stop, StopMode::kDrain);
  worker_->send(DeclineCheckpoint{attempt_, trigger.id, 0, resource_exhausted("quota")});
  settle();
  ASSERT_TRUE(answer_.has_value());
  EXPECT_FALSE(answer_->ok());
  leave({&*worker_}, attempt_);
  pass(seconds(2), {&*worker_});
  EXPECT_TRUE(worker_->take<Deploy>().has_value());
  EXPECT_EQ(master_->view().restarts, 0) << "it is no failure that the strategy counts";
}

TEST_F(JobMasterStopTest, IsRefusedIfThereIsNoDirectory) {
  with_checkpoints();
  make();
  FakeWorker a = worker("a", 2);
  run({&a});
  master_->trigger_savepoint({}, [this](const auto& answer) { answer_ = answer; });
  settle();
  ASSERT_TRUE(answer_.has_value());
  EXPECT_EQ(answer_->status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace weir::cluster_tests
