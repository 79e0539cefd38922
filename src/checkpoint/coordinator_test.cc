// Checkpoints that succeed: messages, ids, concurrency.

#include <algorithm>

#include "checkpoint/testing/coordinator_fixture.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

TEST_F(Coordinator, TakesACheckpointFromTriggerToCompletion) {
  start();
  EXPECT_EQ(poll(), 110s);
  EXPECT_TRUE(host_.works.empty());
  EXPECT_EQ(pass(10s), 170s);  // the checkpoint's timeout
  EXPECT_EQ(host_.take(), Said{});
  host_.run_all();
  EXPECT_EQ(host_.take(), Said{"trigger 1"});
  acknowledge(1, 0);
  EXPECT_TRUE(host_.works.empty());
  acknowledge(1, 1);
  EXPECT_FALSE(complete(1));
  clock_.now_ += 2s;
  host_.run_all();
  EXPECT_TRUE(complete(1));
  EXPECT_EQ(host_.take(), (Said{"complete 1", "completed 1"}));
  EXPECT_EQ(poll(), 120s);
  const auto report = coordinator_->report();
  EXPECT_EQ(report->completed, 1);
  EXPECT_EQ(report->failed, 0);
  EXPECT_EQ(report->in_progress, 0);
  const CheckpointRecord& record = report->latest_completed.value();
  EXPECT_EQ(record.id, 1);
  EXPECT_EQ(record.kind, CheckpointKind::kPeriodic);
  EXPECT_EQ(record.acknowledged, 2);
  EXPECT_EQ(record.duration(), 2s);
  EXPECT_EQ(record.write, 0s);
  EXPECT_EQ(record.publish, 2s);
  EXPECT_EQ(record.ended, 112s);
  EXPECT_EQ(record.uri, "mem:///c/job/chk-1");
  EXPECT_GT(record.bytes, 8);
  EXPECT_EQ(coordinator_->newest_completed(), 1);
}

TEST_F(Coordinator, NotifiesTasksOfCompletionOnlyOnceTheMetadataExists) {
  host_.on_say = [this](const std::string& said) {
    if (said == "complete 1") { EXPECT_TRUE(complete(1)); }
  };
  start();
  take(1);
  EXPECT_EQ(host_.take(), (Said{"trigger 1", "complete 1", "completed 1"}));
}

TEST_F(Coordinator, EventsTriggerACheckpoint) {
  options_.trigger.event_threshold = 100;
  start();
  coordinator_->on_source_events(99);
  EXPECT_EQ(poll(), 110s);
  coordinator_->on_source_events(1);
  poll();
  host_.run_all();
  EXPECT_EQ(host_.take(), Said{"trigger 1"});
  acknowledge(1, 0);
  acknowledge(1, 1);
  host_.run_all();
  coordinator_->on_source_events(99);
  poll();
  EXPECT_TRUE(host_.works.empty());
}

TEST_F(Coordinator, CountsAnAcknowledgementOnce) {
  start();
  pass(10s);
  host_.run_all();
  acknowledge(1, 1);
  coordinator_->acknowledge(ack(1, 1));
  coordinator_->acknowledge(ack(1, 1));
  EXPECT_TRUE(host_.works.empty());
  acknowledge(1, 0);
  coordinator_->acknowledge(ack(1, 0));
  EXPECT_EQ(host_.works.size(), 1u);
  host_.run_all();
  coordinator_->acknowledge(ack(1, 0));
  coordinator_->acknowledge(ack(1, 1));
  host_.run_all();
  EXPECT_TRUE(complete(1));
  EXPECT_EQ(directories(), "chk-1:4");
  EXPECT_EQ(host_.take(), (Said{"trigger 1", "complete 1", "completed 1"}));
}

TEST_F(Coordinator, KeepsTheConfiguredNumber) {
  options_.num_retained = 2;
  start();
  for (const CheckpointId id : {1, 2, 3}) take(id);
  EXPECT_EQ(directories(), "chk-2:4 chk-3:4");
}

TEST_F(Coordinator, CountsExistingCheckpointsForRetention) {
  start();
  take(1);
  take(2);
  coordinator_->stop(1);
  options_.highest_used_id = 2;
  options_.completed = {2};
  make();
  EXPECT_EQ(coordinator_->newest_completed(), 2);
  start(2, 2);
  take(3);
  EXPECT_EQ(directories(), "chk-3:4");
}

TEST_F(Coordinator, NewIdsAreAboveAllUsedOnes) {
  options_.highest_used_id = 7;
  ASSERT_TRUE(prepare_checkpoint_directory(options_.job, 7).ok());
  start();
  take(8);
  EXPECT_EQ(directories(), "chk-8:4");  // the unfinished 7 is removed once a higher id is used
}

TEST_F(Coordinator, NewIdsAreAboveARestoredCheckpointFromElsewhere) {
  start(1, 500);
  take(501);
  EXPECT_TRUE(complete(501));
}

TEST_F(Coordinator, DoesNotTouchAnUnlistedCompleteCheckpoint) {
  ASSERT_TRUE(write_file(fs_->inner(), "/c/job/chk-7/_metadata", "somebody's").ok());
  options_.highest_used_id = 7;
  start();
  take(8);
  take(9);
  EXPECT_EQ(directories(), "chk-7:1 chk-9:4");
}

TEST_F(Coordinator, ConcurrentCheckpointsReachTheTasksInOrder) {
  options_.trigger.max_concurrent = 2;
  start();
  pass(10s);
  pass(10s);
  EXPECT_EQ(host_.works.size(), 1u);  // the second waits until the tasks are notified of the first
  host_.run_all();
  poll();
  host_.run_all();
  EXPECT_EQ(host_.take(), (Said{"trigger 1", "trigger 2"}));
  pass(10s);
  EXPECT_TRUE(host_.works.empty());
}

/// Two concurrent checkpoints, both triggered.
class TwoCheckpoints : public Coordinator {
 protected:
  TwoCheckpoints() {
    options_.trigger.max_concurrent = 2;
    options_.num_retained = 10;
    start();
    for (int i = 0; i < 2; ++i) {
      pass(10s);
      host_.run_all();
    }
    host_.take();
  }
};

TEST_F(TwoCheckpoints, NewerSubsumesOlder) {
  acknowledge(1, 0);
  acknowledge(2, 0);
  acknowledge(2, 1);
  host_.run_all();
  EXPECT_EQ(host_.take(), (Said{"abort 1", "complete 2", "completed 2"}));
  acknowledge(1, 1);
  coordinator_->decline({1, 1, 0, internal_error("late")});
  host_.run_all();
  EXPECT_EQ(host_.take(), Said{});
  EXPECT_EQ(coordinator_->counts().failed, 0);
  EXPECT_EQ(directories(), "chk-1:0 chk-2:4");
}

TEST_F(TwoCheckpoints, CompletesInAscendingOrderAfterAnyOrderOfAcknowledgements) {
  std::vector<std::pair<CheckpointId, int>> order{{1, 0}, {1, 1}, {2, 0}, {2, 1}};
  AttemptId attempt = 1;
  CheckpointId first = 1;
  do {
    for (const auto& [id, process] : order) acknowledge(first + id - 1, process);
    host_.run_all();
    CheckpointId last = 0;
    for (const std::string& said : host_.take()) {
      if (!said.starts_with("complete ")) continue;
      const CheckpointId id = std::stoll(said.substr(9));
      EXPECT_GT(id, last);
      last = id;
    }
    EXPECT_EQ(last, first + 1);
    EXPECT_EQ(coordinator_->report()->in_progress, 0);
    coordinator_->stop(attempt);
    start(++attempt);
    first += 2;
    for (int i = 0; i < 2; ++i) {
      pass(10s);
      host_.run_all();
    }
    host_.take();
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_F(TwoCheckpoints, NewerWaitsWhileOlderIsWritten) {
  for (const CheckpointId id : {1, 2}) {
    acknowledge(id, 0);
    acknowledge(id, 1);
  }
  EXPECT_EQ(host_.works.size(), 1u);
  host_.run_one();
  EXPECT_EQ(host_.take(), (Said{"complete 1", "completed 1"}));
  host_.run_all();
  EXPECT_EQ(host_.take(), (Said{"complete 2", "completed 2"}));
  EXPECT_EQ(directories(), "chk-1:4 chk-2:4");
}

TEST_F(TwoCheckpoints, OlderIsNotWrittenIfItIsReadyWhileNewerIsWritten) {
  acknowledge(2, 0);
  acknowledge(2, 1);
  acknowledge(1, 0);
  acknowledge(1, 1);
  host_.run_all();
  EXPECT_EQ(host_.take(), (Said{"abort 1", "complete 2", "completed 2"}));
  EXPECT_FALSE(complete(1));
}

TEST_F(TwoCheckpoints, NewerIsWrittenAfterOlderFailed) {
  for (const CheckpointId id : {1, 2}) {
    acknowledge(id, 0);
    acknowledge(id, 1);
  }
  ASSERT_TRUE(fs_->inner().remove(file_of(1, 0)).ok());
  host_.run_all();
  EXPECT_EQ(host_.take(), (Said{"abort 1", "complete 2", "completed 2"}));
}

}  // namespace
}  // namespace weir
