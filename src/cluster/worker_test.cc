#include "cluster/worker.h"
#include "cluster/testing/worker_fixture.h"

namespace weir::cluster_tests {
namespace {

TEST_F(WorkerTest, RegistersWithItsIdentity) {
  make();
  const auto hello = take<RegisterWorker>();
  ASSERT_TRUE(hello.has_value());
  EXPECT_EQ(hello->fingerprint, graph_.fingerprint.to_hex());
  EXPECT_EQ(hello->slots, 1);
  EXPECT_FALSE(worker_->view().registered);
  register_with(1);
  EXPECT_TRUE(worker_->view().registered);
}

TEST_F(WorkerTest, FailsItsAttemptWithACrashReportAndWaitsForDelivery) {
  make();
  register_with(1);
  int heard = 0;
  const auto crash = [&] {
    worker_->report_crash("ended by signal 11", [&] { ++heard; });
    settle();
  };
  crash();  // no attempt is running, so no notification is needed
  EXPECT_EQ(heard, 1);
  send(deployment(1));
  crash();
  const auto failed = take<TaskFailed>();
  ASSERT_TRUE(failed.has_value());
  EXPECT_EQ(failed->attempt, 1);
  EXPECT_EQ(failed->status.message(), "ended by signal 11");
  EXPECT_EQ(heard, 1);
  send(Cancel{1});
  EXPECT_EQ(heard, 2);
}

TEST_F(WorkerTest, EndsIfNoCoordinatorAcceptsIt) {
  reachable_ = false;
  make();
  pass(seconds(59));
  EXPECT_FALSE(ended_);
  pass(seconds(2));
  EXPECT_TRUE(ended_);
  EXPECT_NE(worker_->view().status.message().find("taskmanager.registration.timeout"),
            std::string_view::npos);
  EXPECT_NE(worker_->view().status.message().find("no coordinator leads"), std::string_view::npos);
}

TEST_F(WorkerTest, HasTheFullRegistrationTimeoutAfterALoss) {
  make();
  register_with(1);
  for (int i = 0; i < 300; ++i) {
    pass(seconds(1));
    send(Heartbeat{});
  }
  reachable_ = false;
  to_worker_.on_break(unavailable("the coordinator is gone"));
  settle();
  pass(seconds(50));
  EXPECT_FALSE(ended_);
  reachable_ = true;
  pass(seconds(2));
  register_with(2);
  EXPECT_TRUE(worker_->view().registered);
  EXPECT_EQ(worker_->view().epoch, 2);
}

TEST_F(WorkerTest, DialsAtOnceAfterALossAndThenBacksOff) {
  reachable_ = false;
  make();
  pass(seconds(10));
  const int rarely = dials_;
  EXPECT_LT(rarely, 20);
  reachable_ = true;
  pass(seconds(1));
  register_with(1);
  to_worker_.on_break(unavailable("gone"));
  dials_ = 0;
  settle();
  EXPECT_EQ(dials_, 1);
  reachable_ = false;
  to_worker_.on_break(unavailable("gone"));
  pass(milliseconds(500));
  EXPECT_GE(dials_, 3) << "the delays begin anew";
}

TEST_F(WorkerTest, AnswersAHeartbeatWithTheFiguresOfItsAttempt) {
  options_.process_figures = [] { return ProcessFigures{7, 8, 9, 10}; };
  make();
  register_with(1);
  send(Heartbeat{});
  EXPECT_FALSE(take<MetricsOfWorker>().has_value()) << "there is no attempt";
  send(deployment(3));
  send(Heartbeat{});
  const auto metrics = take<MetricsOfWorker>();
  ASSERT_TRUE(metrics.has_value());
  EXPECT_EQ(metrics->attempt, 3);
  EXPECT_EQ(metrics->report.process, (ProcessFigures{7, 8, 9, 10}));
  ASSERT_EQ(metrics->report.tasks.size(), 1u);
  EXPECT_EQ(metrics->report.tasks[0].output_watermark, kMinWatermark);
  send(Heartbeat{});
  EXPECT_FALSE(take<MetricsOfWorker>().has_value()) << "at most once a second";
  pass(seconds(1));
  send(Heartbeat{});
  EXPECT_TRUE(take<MetricsOfWorker>().has_value());
  send(Cancel{3});
  EXPECT_TRUE(take<MetricsOfWorker>().has_value()) << "the last figures";
}

TEST_F(WorkerTest, AnswersARequestForATextOfItsProcess) {
  options_.process_text = [](ProcessText what) {
    return what == ProcessText::kThreads ? "threads" : "log";
  };
  make();
  register_with(1);
  send(RequestText{7, ProcessText::kThreads});
  const auto text = take<TextOfProcess>();
  ASSERT_TRUE(text.has_value());
  EXPECT_EQ(text->request, 7);
  EXPECT_EQ(text->text, "threads");
}

TEST_F(WorkerTest, LosesASilentCoordinator) {
  make();
  register_with(1);
  for (int i = 0; i < 10; ++i) {
    pass(seconds(4));
    send(Heartbeat{});
    EXPECT_TRUE(take<HeartbeatReply>().has_value());
  }
  EXPECT_TRUE(worker_->view().registered);
  const auto before = line_;
  pass(seconds(5) + milliseconds(100));
  EXPECT_FALSE(before->open);
  EXPECT_FALSE(worker_->view().registered);
}

TEST_F(WorkerTest, DoesNotCountItsOwnPauseAsTheCoordinatorsSilence) {
  make();
  register_with(1);
  world_.pass(minutes(10));
  worker_->step();
  EXPECT_TRUE(worker_->view().registered);
  pass(seconds(2));
  EXPECT_TRUE(line_->open);
  pass(seconds(1));
  EXPECT_FALSE(worker_->view().registered) << "a pause excuses nobody for ever";
}

TEST_F(WorkerTest, DoesNotServeACoordinatorOfAnEarlierEpoch) {
  make();
  register_with(5);
  to_worker_.on_break(unavailable("gone"));
  settle();
  const auto old = line_;
  register_with(4);
  EXPECT_FALSE(old->open);
  EXPECT_FALSE(worker_->view().registered);
  pass(seconds(2));
  register_with(5);
  EXPECT_TRUE(worker_->view().registered);
}

TEST_F(WorkerTest, IgnoresLateMessagesOfAnEarlierConnection) {
  make();
  register_with(1);
  const Endpoint before = to_worker_;
  worker_->leader_changed();
  settle();
  ASSERT_EQ(dials_, 2);
  before.on_frame(encode(Registered{9}));
  before.on_break(unavailable("late"));
  settle();
  EXPECT_FALSE(worker_->view().registered);
  EXPECT_TRUE(line_->open);
}

TEST_F(WorkerTest, RunsAnAttemptAndReportsItsEnd) {
  make();
  register_with(1);
  send(deployment(7));
  const auto deployed = take<Deployed>();
  ASSERT_TRUE(deployed.has_value());
  EXPECT_EQ(deployed->attempt, 7);
  source_ended_ = true;
  pass(milliseconds(200));
  EXPECT_FALSE(take<TasksEnded>().has_value()) << "not before Start";
  send(Start{7});
  pass(milliseconds(200));
  const auto end = take<TasksEnded>();
  ASSERT_TRUE(end.has_value());
  EXPECT_FALSE(end->finished);
  send(CommitWithoutCheckpoint{7});
  pass(milliseconds(200));
  const auto finished = take<TasksEnded>();
  ASSERT_TRUE(finished.has_value());
  EXPECT_TRUE(finished->finished);
}

TEST_F(WorkerTest, IsDeployedOnlyWhenItsTasksAreOpen) {
  make();
  register_with(1);
  to_worker_.on_frame(encode(deployment(7)));
  for (int i = 0; i < 3; ++i) worker_->step();
  EXPECT_FALSE(take<Deployed>().has_value());
  settle();
  EXPECT_TRUE(take<Deployed>().has_value());
}

TEST_F(WorkerTest, RefusesAnAttemptWhileAnotherIsInProgress) {
  make();
  register_with(1);
  send(deployment(7));
  take<Deployed>();
  send(deployment(8));
  const auto failed = take<TaskFailed>();
  ASSERT_TRUE(failed.has_value());
  EXPECT_EQ(failed->attempt, 8);
}

TEST_F(WorkerTest, LeavesAnAttemptOnlyAfterItsBlockingWork) {
  make();
  register_with(1);
  to_worker_.on_frame(encode(deployment(7)));
  worker_->step();
  ASSERT_TRUE(world_.has_work()) << "the task is being opened";
  to_worker_.on_frame(encode(Cancel{7}));
  worker_->step();
  EXPECT_FALSE(take<Canceled>().has_value());
  settle();
  const auto left = take<Canceled>();
  ASSERT_TRUE(left.has_value());
  EXPECT_EQ(left->attempt, 7);
}

TEST_F(WorkerTest, AnswersThatAnUnknownAttemptHasLeft) {
  make();
  register_with(1);
  send(deployment(7));
  take<Deployed>();
  send(Cancel{6});
  const auto left = take<Canceled>();
  ASSERT_TRUE(left.has_value());
  EXPECT_EQ(left->attempt, 6);
  send(Start{7});
  source_ended_ = true;
  pass(milliseconds(200));
  EXPECT_TRUE(take<TasksEnded>().has_value()) << "attempt 7 is still there";
}

TEST_F(WorkerTest, RegistersAgainOnlyWhenNothingOfItsAttemptIsLeft) {
  make();
  register_with(1);
  to_worker_.on_frame(encode(deployment(7)));
  worker_->step();
  dials_ = 0;
  to_worker_.on_break(unavailable("gone"));
  for (int i = 0; i < 40; ++i) {
    world_.pass(kTick);
    worker_->step();
  }
  EXPECT_EQ(dials_, 0);
  settle();
  EXPECT_EQ(dials_, 1);
}

TEST_F(WorkerTest, EndsWithTheReasonOfARefusal) {
  make();
  send(Refused{"it runs another build"});
  EXPECT_TRUE(ended_);
  EXPECT_NE(worker_->view().status.message().find("it runs another build"), std::string_view::npos);
  EXPECT_FALSE(worker_->view().status.ok());
}

TEST_F(WorkerTest, KeepsTheReasonOfTheEndWhenLeavingLater) {
  make();
  send(Refused{"it runs another build"});
  worker_->leave();
  settle();
  EXPECT_EQ(worker_->view().status.code(), StatusCode::kFailedPrecondition);
}

TEST_F(WorkerTest, EndsWithTheJob) {
  make();
  register_with(1);
  send(deployment(7));
  send(Shutdown{false, ""});
  settle();
  EXPECT_TRUE(ended_);
  EXPECT_TRUE(worker_->view().status.ok());
}

}  // namespace
}  // namespace weir::cluster_tests
