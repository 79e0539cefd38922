#include "cluster/job_master/job_master.h"

#include <gtest/gtest.h>

#include "cluster/testing/master_fixture.h"

namespace weir::cluster_tests {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_F(JobMasterTest, RunsWhenAllSlotsAreRegisteredAndDeployed) {
  make();
  FakeWorker a = worker("a");
  EXPECT_FALSE(a.take<Deploy>().has_value());
  FakeWorker b = worker("b");
  const auto deploy = a.take<Deploy>();
  ASSERT_TRUE(deploy.has_value());
  a.send(Deployed{deploy->attempt});
  settle();
  EXPECT_FALSE(a.take<Start>().has_value()) << "b is not deployed yet";
  EXPECT_NE(state(), JobState::kRunning);
  b.send(Deployed{deploy->attempt});
  settle();
  EXPECT_TRUE(a.take<Start>().has_value());
  EXPECT_TRUE(b.take<Start>().has_value());
  EXPECT_EQ(state(), JobState::kRunning);
}

TEST_F(JobMasterTest, FirstStartWaitsForAllSlotsAndThenTakesFewer) {
  make();
  FakeWorker a = worker("a");
  pass(seconds(9), {&a});
  EXPECT_FALSE(a.take<Deploy>().has_value());
  EXPECT_EQ(state(), JobState::kWaitingForSlots);
  pass(seconds(2), {&a});
  const auto deploy = a.take<Deploy>();
  ASSERT_TRUE(deploy.has_value());
  EXPECT_EQ(deploy->common->shards, 1);
}

TEST_F(JobMasterTest, KnowsTheFiguresOfTheCurrentAttempt) {
  make();
  FakeWorker a = worker("a", 2);
  const AttemptId attempt = run({&a});
  MetricsOfWorker metrics{attempt, {}};
  metrics.report.at_ms = 1000;
  metrics.report.tasks.emplace_back().records_out = 7;
  a.send(metrics);
  pass(seconds(2), {&a});
  ASSERT_EQ(master_->view().detail->figures.tasks.size(), 1u);
  EXPECT_EQ(master_->view().detail->figures.tasks[0].figures.records_out, 7);
  metrics.attempt = attempt - 1;
  metrics.report.tasks[0].records_out = 99;
  a.send(metrics);
  pass(seconds(2), {&a});
  EXPECT_EQ(master_->view().detail->figures.tasks[0].figures.records_out, 7)
      << "of an earlier attempt";
  a.send(TaskFailed{attempt, "source (1/2)", unavailable("broken")});
  settle();
  leave({&a}, attempt);
  pass(seconds(2), {&a});
  run({&a});
  pass(seconds(2), {&a});
  EXPECT_TRUE(master_->view().detail->figures.tasks.empty());
  ASSERT_EQ(master_->view().detail->failures.size(), 1u);
  EXPECT_EQ(master_->view().detail->failures[0].message, "broken");
  EXPECT_NE(master_->view().detail->failures[0].where.find("task source (1/2)"), std::string::npos);
  ASSERT_EQ(master_->view().detail->workers.size(), 1u);
  EXPECT_EQ(master_->view().detail->workers[0].slots, 2);
  EXPECT_EQ(master_->view().detail->worker_of_shard, (std::vector<int32_t>{0, 0}));
}

TEST_F(JobMasterTest, AsksForFiguresEverySecondWhileSomebodyLooks) {
  options_.heartbeat_interval = seconds(10);
  options_.heartbeat_timeout = seconds(50);
  make();
  FakeWorker a = worker("a", 2);
  run({&a});
  const auto heartbeats_in = [&](int seconds_of_time) {
    int count = 0;
    for (int i = 0; i < seconds_of_time; ++i) {
      pass(seconds(1), {&a});
      count += a.take<Heartbeat>().has_value() ? 1 : 0;
    }
    return count;
  };
  EXPECT_LE(heartbeats_in(20), 2);
  master_->observe();
  EXPECT_GE(heartbeats_in(20), 19);
  master_->observe();
  EXPECT_GE(heartbeats_in(25), 24) << "it looks again";
  heartbeats_in(10);
  EXPECT_LE(heartbeats_in(20), 2) << "it has looked away";
}

TEST_F(JobMasterTest, RestartWaitsShorterForSlotsThanTheFirstStart) {
  make();
  FakeWorker a = worker("a");
  FakeWorker b = worker("b");
  const AttemptId first = run({&a, &b});
  b.die();
  settle();
  leave({&a}, first);
  pass(milliseconds(1500));
  EXPECT_FALSE(a.take<Deploy>().has_value()) << "the other slot may come back";
  pass(seconds(2));
  const auto deploy = a.take<Deploy>();
  ASSERT_TRUE(deploy.has_value());
  EXPECT_EQ(deploy->common->shards, 1);
  EXPECT_GT(deploy->attempt, first);
}

TEST_F(JobMasterTest, RestartOnAllSlotsWaitsOnlyForTheBackoff) {
  make();
  FakeWorker a = worker("a", 2);
  const AttemptId first = run({&a});
  a.send(TaskFailed{first, "source (1/2)", unavailable("a cosmic ray")});
  settle();
  EXPECT_EQ(state(), JobState::kRunning) << "until nothing of the attempt is left";
  leave({&a}, first);
  EXPECT_EQ(state(), JobState::kRestarting);
  pass(milliseconds(300));
  EXPECT_NE(run({&a}), 0);
  EXPECT_EQ(master_->view().restarts, 1);
  EXPECT_NE(master_->view().failure.message().find("a cosmic ray"), std::string::npos);
}

TEST_F(JobMasterTest, DeploysOnlyAfterTheOldAttemptHasLeftEveryWorker) {
  make();
  FakeWorker a = worker("a");
  FakeWorker b = worker("b");
  const AttemptId first = run({&a, &b});
  a.send(TaskFailed{first, "source (1/2)", unavailable("broken")});
  settle();
  leave({&a}, first);
  pass(seconds(4));
  EXPECT_FALSE(a.take<Deploy>().has_value());
  leave({&b}, first);
  pass(milliseconds(300));
  EXPECT_TRUE(a.take<Deploy>().has_value());
}

TEST_F(JobMasterTest, WorkerThatDoesNotLeaveItsAttemptIsLost) {
  options_.cancellation_timeout = seconds(3);
  make();
  FakeWorker a = worker("a", 2);
  FakeWorker b = worker("b", 2);
  const AttemptId first = run({&a});
  a.send(TaskFailed{first, "source (1/2)", unavailable("broken")});
  pass(seconds(4), {&a, &b});
  EXPECT_FALSE(a.connected());
  EXPECT_TRUE(b.connected());
  EXPECT_TRUE(b.take<Deploy>().has_value());
}

TEST_F(JobMasterTest, IgnoresMessagesOfAnEarlierAttempt) {
  make();
  FakeWorker a = worker("a", 2);
  const AttemptId first = run({&a});
  a.send(TaskFailed{first, "source (1/2)", unavailable("broken")});
  settle();
  leave({&a}, first);
  pass(milliseconds(300));
  const auto second = a.take<Deploy>();
  ASSERT_TRUE(second.has_value());
  a.send(Deployed{first});
  settle();
  EXPECT_FALSE(a.take<Start>().has_value());
  a.send(Deployed{second->attempt});
  settle();
  EXPECT_TRUE(a.take<Start>().has_value());
  a.send(TaskFailed{first, "source (1/2)", unavailable("late")});
  a.send(TasksEnded{first, true});
  a.send(Canceled{first});
  settle();
  EXPECT_EQ(state(), JobState::kRunning);
  EXPECT_FALSE(a.take<Cancel>().has_value());
}

TEST_F(JobMasterTest, ReconnectedWorkerReplacesItsHalfOpenConnection) {
  make();
  FakeWorker before = worker("a", 1);
  EXPECT_EQ(master_->view().slots, 1);
  FakeWorker after = worker("a", 1);  // the master has not noticed that the old connection broke
  EXPECT_FALSE(before.connected());
  EXPECT_TRUE(after.connected());
  EXPECT_EQ(master_->view().slots, 1);
  EXPECT_EQ(master_->view().workers, 1);
}

TEST_F(JobMasterTest, WorkerThatReconnectsWhileItsTasksRunIsLostFirst) {
  make();
  FakeWorker a = worker("a", 2);
  const AttemptId first = run({&a});
  FakeWorker again = worker("a", 2);
  EXPECT_FALSE(a.connected());
  pass(milliseconds(300));
  const auto deploy = again.take<Deploy>();
  ASSERT_TRUE(deploy.has_value());
  EXPECT_GT(deploy->attempt, first);
}

TEST_F(JobMasterTest, SilentWorkerIsLost) {
  make();
  FakeWorker a = worker("a");
  FakeWorker b = worker("b");
  run({&a, &b});
  for (int i = 0; i < 6; ++i) {
    pass(seconds(1));
    EXPECT_TRUE(a.take<Heartbeat>().has_value());
    a.send(HeartbeatReply{});
  }
  EXPECT_TRUE(a.connected());
  EXPECT_FALSE(b.connected());
  EXPECT_NE(master_->view().failure.message().find("heartbeat.timeout"), std::string_view::npos);
}

TEST_F(JobMasterTest, DoesNotCountItsOwnPauseAsWorkersSilence) {
  make();
  FakeWorker a = worker("a", 2);
  run({&a});
  world_.pass(seconds(60));  // SIGSTOP: the replies wait in the socket
  step();
  EXPECT_TRUE(a.connected());
  a.send(HeartbeatReply{});
  pass(seconds(4));
  EXPECT_TRUE(a.connected());
  pass(seconds(2));
  EXPECT_FALSE(a.connected()) << "a pause excuses nobody for ever";
}

TEST_F(JobMasterTest, DropsAConnectionThatDoesNotRegister) {
  make();
  FakeWorker stranger(*master_, "stranger", 1);
  settle();
  for (int i = 0; i < 9; ++i) {
    pass(seconds(1));
    stranger.send(HeartbeatReply{});
  }
  EXPECT_TRUE(stranger.connected());
  pass(seconds(2));
  EXPECT_FALSE(stranger.connected());
}

TEST_F(JobMasterTest, RefusesAnotherGraphBuildOrProtocolWithTheReason) {
  make();
  const auto refusal = [&](auto change) {
    FakeWorker stranger(*master_, "stranger", 1);
    RegisterWorker hello;
    hello.fingerprint = graph_.fingerprint.to_hex();
    hello.worker = "stranger";
    change(hello);
    stranger.send(hello);
    settle();
    const auto refused = stranger.take<Refused>();
    EXPECT_FALSE(stranger.connected());
    return refused ? refused->reason : std::string("it was not refused");
  };
  EXPECT_NE(refusal([](RegisterWorker& hello) {
              hello.fingerprint = murmur3_128("other").to_hex();
            }).find("another job graph"),
            std::string::npos);
  EXPECT_NE(refusal([](RegisterWorker& hello) { hello.build = "other"; }).find("another build"),
            std::string::npos);
  EXPECT_NE(
      refusal([](RegisterWorker& hello) { hello.protocol = kProtocolVersion + 1; }).find("version"),
      std::string::npos);
  EXPECT_NE(refusal([](RegisterWorker& hello) { hello.slots = 0; }).find("no slot"),
            std::string::npos);
  EXPECT_EQ(master_->view().slots, 0);
}

TEST_F(JobMasterTest, WidensAfterACheckpointWhenThereAreMoreSlots) {
  with_checkpoints();
  make();
  FakeWorker a = worker("a");
  pass(seconds(11), {&a});
  const AttemptId narrow = run({&a});
  FakeWorker b = worker("b");
  EXPECT_FALSE(a.take<Cancel>().has_value()) << "not before a checkpoint";
  const CheckpointId id = wait_for_trigger({&a, &b});
  acknowledge(a, narrow, id, 1);
  leave({&a}, narrow);
  pass(milliseconds(300), {&a, &b});
  const auto wide = b.take<Deploy>();
  ASSERT_TRUE(wide.has_value());
  EXPECT_EQ(wide->common->shards, 2);
  EXPECT_EQ(wide->common->restored_checkpoint, id);
}

TEST_F(JobMasterTest, RescalesAtACheckpointTakenForIt) {
  with_checkpoints();
  options_.trigger.interval = std::chrono::hours(1);
  make();
  FakeWorker a = worker("a", 2);
  const AttemptId wide = run({&a});
  std::vector<Status> answers;
  const auto rescale = [&](int slots) {
    master_->rescale(slots, [&](const Status& status) { answers.push_back(status); });
    settle();
  };
  rescale(3);
  rescale(0);
  ASSERT_EQ(answers.size(), 2U);
  EXPECT_EQ(answers[0].message(),
            "the job cannot run on 3 slots: the parallelism of its program is 2, so 1 to 2 are "
            "possible");
  rescale(1);
  rescale(2);
  ASSERT_EQ(answers.size(), 3U) << "the third waits";
  EXPECT_EQ(answers[2].message(), "the job is being rescaled: ask again when that is done");
  CheckpointId id = wait_for_trigger({&a});
  acknowledge(a, wide, id, 2);
  leave({&a}, wide);
  pass(milliseconds(300), {&a});
  const auto narrow = a.take<Deploy>();
  ASSERT_TRUE(narrow.has_value());
  EXPECT_EQ(narrow->common->shards, 1);
  EXPECT_EQ(narrow->common->restored_checkpoint, id);
  EXPECT_EQ(answers.size(), 3U) << "not before the tasks run";
  a.send(Deployed{narrow->attempt});
  settle();
  ASSERT_EQ(answers.size(), 4U);
  EXPECT_TRUE(answers[3].ok()) << answers[3].to_string();
  EXPECT_EQ(state(), JobState::kRunning);

  rescale(2);
  id = wait_for_trigger({&a});
  acknowledge(a, narrow->attempt, id, 1);
  leave({&a}, narrow->attempt);
  pass(milliseconds(300), {&a});
  const auto again = a.take<Deploy>();
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->common->shards, 2);
}

TEST_F(JobMasterTest, GoesOnAsItIsIfTheCheckpointForARescalingFails) {
  with_checkpoints();
  options_.trigger.interval = std::chrono::hours(1);
  options_.checkpoint_timeout = std::chrono::seconds(5);
  options_.tolerable_failed_checkpoints = 1;
  make();
  FakeWorker a = worker("a", 2);
  const AttemptId wide = run({&a});
  std::optional<Status> answer;
  master_->rescale(1, [&](const Status& status) { answer = status; });
  settle();
  EXPECT_GT(wait_for_trigger({&a}), 0);
  pass(seconds(7), {&a});
  ASSERT_TRUE(answer.has_value());
  EXPECT_FALSE(answer->ok());
  EXPECT_FALSE(a.take<Cancel>().has_value());

  CheckpointId id = -1;
  master_->trigger_checkpoint(SnapshotFormat::kConfigured, [](const auto&) {});
  settle();
  id = wait_for_trigger({&a});
  acknowledge(a, wide, id, 2);
  EXPECT_FALSE(a.take<Cancel>().has_value()) << "the rescaling is forgotten";
  EXPECT_EQ(state(), JobState::kRunning);
}

TEST_F(JobMasterTest, DoesNotWidenAJobWhoseInputHasEnded) {
  with_checkpoints();
  make();
  FakeWorker a = worker("a");
  pass(seconds(11), {&a});
  const AttemptId narrow = run({&a});
  FakeWorker b = worker("b");
  a.send(TasksEnded{narrow, false});
  settle();
  acknowledge(a, narrow, wait_for_trigger({&a, &b}), 1);
  EXPECT_FALSE(a.take<Cancel>().has_value());
  EXPECT_EQ(state(), JobState::kRunning);
}

TEST_F(JobMasterTest, TakesACheckpointOnRequest) {
  with_checkpoints();
  options_.trigger.interval = std::chrono::hours(1);
  make();
  std::vector<StatusOr<CompletedCheckpoint>> answers;
  const auto ask = [&] {
    master_->trigger_checkpoint(SnapshotFormat::kConfigured,
                                [&](const auto& answer) { answers.push_back(answer); });
    settle();
  };
  ask();
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].status().message(),
            "a manual checkpoint is refused: the job is not running now; ask again when it is");
  FakeWorker a = worker("a", 2);
  const AttemptId attempt = run({&a});
  ask();
  const auto trigger = a.take<TriggerCheckpoint>();
  ASSERT_TRUE(trigger.has_value());
  EXPECT_EQ(answers.size(), 1u);
  acknowledge(a, attempt, trigger->id, 2);
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_EQ(answers[1].value().id, trigger->id);
  EXPECT_EQ(last_completed(), trigger->id);
}

TEST_F(JobMasterTest, RefusesACheckpointIfCheckpointsAreDisabled) {
  make();
  Status answer;
  master_->trigger_checkpoint(SnapshotFormat::kConfigured,
                              [&](const auto& result) { answer = result.status(); });
  settle();
  EXPECT_NE(answer.message().find("set execution.checkpointing.dir"), std::string_view::npos);
}

TEST_F(JobMasterTest, RestartWaitsForACheckpointThatIsBeingWritten) {
  with_checkpoints();
  make();
  FakeWorker a = worker("a", 2);
  const CheckpointId id = fail_while_published(a);
  EXPECT_FALSE(a.take<Deploy>().has_value());
  end_silence();
  pass(seconds(2), {&a});
  const auto deploy = a.take<Deploy>();
  ASSERT_TRUE(deploy.has_value());
  EXPECT_EQ(deploy->common->restored_checkpoint, id);
}

TEST_F(JobMasterTest, CanBeCanceledWhileStorageDoesNotAnswer) {
  with_checkpoints();
  make();
  FakeWorker a = worker("a", 2);
  fail_while_published(a);
  EXPECT_FALSE(is_terminal(state()));
  master_->cancel();
  settle();
  EXPECT_EQ(state(), JobState::kCanceled);
}

}  // namespace
}  // namespace weir::cluster_tests
