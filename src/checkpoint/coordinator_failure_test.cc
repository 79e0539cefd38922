// Checkpoints that fail, and the files that they leave.

#include "checkpoint/testing/coordinator_fixture.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

TEST_F(Coordinator, ExpiredCheckpointIsAbortedEverywhereAndItsFilesAreRemoved) {
  start();
  pass(10s);
  host_.run_all();
  acknowledge(1, 0);
  host_.take();
  pass(60s - 1ns);
  EXPECT_EQ(host_.take(), Said{});
  pass(1ns);
  EXPECT_EQ(host_.take(), Said{"abort 1"});
  host_.run_all();
  EXPECT_EQ(directories(), "chk-1:0 chk-2:0");
  EXPECT_EQ(coordinator_->counts().failed, 1);
  EXPECT_EQ(coordinator_->counts().latest_failed->failure,
            "checkpoint 1 has expired after 60000 ms: 1 of 2 subtasks have not acknowledged: "
            "process 1 (1)");
}

TEST_F(Coordinator, IgnoresALateAcknowledgementAndRemovesItsFile) {
  start();
  pass(10s);
  host_.run_all();
  pass(60s);
  host_.run_all();
  acknowledge(1, 0);
  acknowledge(1, 1);
  host_.run_all();
  EXPECT_EQ(host_.take(), (Said{"trigger 1", "abort 1", "trigger 2"}));
  EXPECT_EQ(directories(), "chk-1:0 chk-2:0");
}

TEST_F(Coordinator, RemovesFilesOfLateWritersWithTheNextCompletion) {
  start();
  pass(10s);
  host_.run_all();
  pass(60s);
  host_.run_all();
  // Its acknowledgement is lost.
  ASSERT_TRUE(write_file(fs_->inner(), file_of(1, 0), "data").ok());
  acknowledge(2, 0);
  acknowledge(2, 1);
  host_.run_all();
  EXPECT_EQ(directories(), "chk-2:4");
}

TEST_F(Coordinator, DeclinedCheckpointIsAborted) {
  start();
  pass(10s);
  host_.run_all();
  coordinator_->decline({2, 1, 0, internal_error("another attempt's")});
  coordinator_->decline({1, 9, 0, internal_error("unknown")});
  EXPECT_EQ(host_.take(), Said{"trigger 1"});
  coordinator_->decline({1, 1, 0, resource_exhausted("disk full")});
  EXPECT_EQ(host_.take(), Said{"abort 1"});
  coordinator_->decline({1, 1, 1, resource_exhausted("disk full")});
  EXPECT_EQ(host_.take(), Said{});
  EXPECT_EQ(coordinator_->counts().failed, 1);
  EXPECT_EQ(coordinator_->counts().latest_failed->failure,
            "process 0 declined checkpoint 1: disk full");
}

TEST_F(Coordinator, MalformedAcknowledgementAbortsTheCheckpoint) {
  start();
  pass(10s);
  host_.run_all();
  AcknowledgeCheckpoint message = ack(1, 0);
  message.files.clear();
  coordinator_->acknowledge(message);
  EXPECT_EQ(host_.take(), (Said{"trigger 1", "abort 1"}));
}

TEST_F(Coordinator, FailuresBeyondToleranceFailTheAttemptOnce) {
  options_.tolerable_failed_checkpoints = 1;
  start();
  for (const CheckpointId id : {1, 2, 3}) {
    pass(10s);
    host_.run_all();
    coordinator_->decline({1, id, 0, resource_exhausted("disk full")});
  }
  EXPECT_EQ(host_.take(),
            (Said{"trigger 1", "abort 1", "trigger 2", "abort 2", "fail", "trigger 3", "abort 3"}));
  EXPECT_EQ(host_.failure.to_string(),
            "RESOURCE_EXHAUSTED: 2 checkpoints failed in a row, and 1 are tolerated "
            "(execution.checkpointing.tolerable-failed-checkpoints): process 0 declined checkpoint "
            "2: disk full");
}

TEST_F(Coordinator, FailuresBeyondToleranceFailEachAttempt) {
  options_.tolerable_failed_checkpoints = 1;
  for (const AttemptId attempt : {1, 2}) {
    start(attempt);
    const CheckpointId first = attempt == 1 ? 1 : 3;
    for (const CheckpointId id : {first, first + 1}) {
      EXPECT_EQ(host_.take(), Said{}) << "an attempt begins without failures";
      pass(10s);
      host_.run_all();
      coordinator_->decline({attempt, id, 0, resource_exhausted("disk full")});
      if (id == first) EXPECT_EQ(host_.take(), (Said{cat("trigger ", id), cat("abort ", id)}));
    }
    EXPECT_EQ(host_.take().back(), "fail");
    coordinator_->stop(attempt);
    host_.run_all();
  }
}

TEST_F(Coordinator, CompletionResetsTheFailureCount) {
  options_.tolerable_failed_checkpoints = 1;
  start();
  for (const CheckpointId id : {1, 3}) {
    pass(10s);
    host_.run_all();
    coordinator_->decline({1, id, 0, resource_exhausted("disk full")});
    take(id + 1);
  }
  for (const std::string& said : host_.take()) EXPECT_NE(said, "fail");
}

TEST_F(Coordinator, EndsTheAttemptAtOnceIfAnotherStartOfTheJobIsRecorded) {
  make();
  coordinator_->begin_start(1);
  start();
  take_until_written(1);
  Lineage later;
  later.newest = 2;
  ASSERT_TRUE(record_lineage(options_.job, later, /*nonce=*/9).ok());
  host_.run_all();
  EXPECT_EQ(host_.take(), (Said{"trigger 1", "abort 1", "fail"})) << "though 100 are tolerated";
  EXPECT_NE(host_.failure.message().find("started again by another process"), std::string::npos);
}

/// It was paused while it made the directory. Meanwhile the next one did the same, and is about to
/// publish its checkpoint there.
TEST_F(Coordinator, SupersededCoordinatorRemovesOnlyItsOwnFilesFromASharedDirectory) {
  start();
  const std::string other = cat("/c/job/chk-1/", file_name(0, /*epoch=*/1));
  bool made = false;
  fs_->before = [&](std::string_view op, const std::string& path) {
    if (op != "mkdir" || !path.ends_with("/chk-1") || std::exchange(made, true)) return Status();
    EXPECT_TRUE(write_file(fs_->inner(), other, "data").ok());
    EXPECT_TRUE(write_file(fs_->inner(), "/c/job/chk-1/_weir", "{}").ok());
    return Status();
  };
  pass(10s);
  host_.run_all();
  ASSERT_TRUE(made);
  ASSERT_TRUE(write_file(fs_->inner(), file_of(1, 1), "data").ok());
  pass(60s);
  host_.run_all();
  EXPECT_EQ(host_.take(), (Said{"trigger 1", "abort 1", "trigger 2"}));
  EXPECT_FALSE(fs_->exists(file_of(1, 1)));
  EXPECT_TRUE(fs_->exists(other));
  EXPECT_TRUE(fs_->exists("/c/job/chk-1/_weir"));
}

TEST_F(Coordinator, DoesNotTouchAnExistingCheckpointDirectory) {
  start();
  ASSERT_TRUE(write_file(fs_->inner(), file_of(1, 0), "another's").ok());
  pass(10s);
  host_.run_all();
  EXPECT_EQ(host_.take(), Said{});
  EXPECT_EQ(directories(), "chk-1:1");
  EXPECT_EQ(coordinator_->counts().failed, 1);
  take(2);
  EXPECT_EQ(directories(), "chk-1:1 chk-2:4");
}

TEST_F(Coordinator, DoesNotTouchAnotherCoordinatorsDirectoryAfterStop) {
  start();
  pass(10s);
  ASSERT_TRUE(fs_->inner().make_directories("/c/job/chk-1").ok());
  ASSERT_TRUE(write_file(fs_->inner(), "/c/job/chk-1/_weir", "another's").ok());
  coordinator_->stop(1);  // the creation of the directory has not been answered
  host_.run_all();
  EXPECT_EQ(directories(), "chk-1:1");
  acknowledge(1, 0);
  host_.run_all();
  EXPECT_EQ(directories(), "chk-1:2");
}

TEST_F(Coordinator, StopWhileTheDirectoryIsCreatedLeavesNothingInIt) {
  start();
  pass(10s);
  coordinator_->stop(1);
  host_.run_all();
  EXPECT_EQ(directories(), "chk-1:0");
}

TEST_F(Coordinator, FailsIfTheDirectoryCannotBeCreated) {
  start();
  silence(true);
  pass(10s);
  host_.run_all();
  silence(false);
  EXPECT_EQ(host_.take(), Said{});
  EXPECT_EQ(coordinator_->counts().failed, 1);
  take(2);
  EXPECT_EQ(coordinator_->counts().completed, 1);
}

TEST_F(Coordinator, FailedWriteAbortsTheCheckpointAndRemovesItsDataFiles) {
  start();
  take_until_written(1);
  fs_->before = [](std::string_view op, const std::string&) {
    return op == "rename" ? resource_exhausted("quota") : Status();
  };
  host_.run_all();
  EXPECT_EQ(host_.take(), (Said{"trigger 1", "abort 1"}));
  EXPECT_EQ(directories(), "chk-1:1") << "_weir, until the directory goes";
  EXPECT_EQ(coordinator_->counts().failed, 1);
}

TEST_F(Coordinator, AsksForAnUnknownOutcomeUntilStorageAnswers) {
  for (const bool happened : {true, false}) {
    SCOPED_TRACE(happened);
    start(happened ? 1 : 2);
    const CheckpointId id = happened ? 1 : 2;
    take_until_written(id);
    silence_at_rename(happened);
    host_.run_all();
    EXPECT_EQ(host_.take(), Said{cat("trigger ", id)});
    const MonotonicTime next = poll();
    EXPECT_EQ(next, clock_.now_ + 500ms);
    EXPECT_TRUE(host_.works.empty());
    pass(500ms);
    host_.run_all();
    EXPECT_EQ(poll(), clock_.now_ + 1s);  // the interval grows
    EXPECT_EQ(host_.take(), Said{});
    EXPECT_EQ(complete(id), happened);
    EXPECT_EQ(fs_->inner().list(cat("/c/job/chk-", id)).value().size(),
              4u);  // nothing is removed in the meantime

    silence(false);
    fs_->after = fs_->before;
    pass(1s);
    host_.run_all();
    EXPECT_EQ(host_.take(), happened ? (Said{"complete 1", "completed 1"}) : Said{"abort 2"});
    EXPECT_EQ(directories(), happened ? "chk-1:4" : "chk-1:4 chk-2:1");
    coordinator_->stop(attempt_);
  }
}

TEST_F(Coordinator, StartsNoOtherCheckpointWhileAnOutcomeIsUnknown) {
  start();
  take_until_written(1);
  silence_at_rename(true);
  host_.run_all();
  coordinator_->acknowledge(ack(1, 0));
  for (int i = 0; i < 10; ++i) {
    pass(5s);
    host_.run_all();
  }
  EXPECT_EQ(host_.take(), Said{"trigger 1"});
}

TEST_F(Coordinator, OverdueWriteCountsAsFailureButItsOutcomeDecides) {
  options_.tolerable_failed_checkpoints = 0;
  start();
  take_until_written(1);
  host_.take();
  pass(60s);
  EXPECT_EQ(host_.take(), Said{"fail"});
  EXPECT_EQ(host_.failure.message(),
            "1 checkpoints failed in a row, and 0 are tolerated "
            "(execution.checkpointing.tolerable-failed-checkpoints): checkpoint 1 has expired "
            "after 60000 ms while it was being written; its outcome is awaited");
  EXPECT_EQ(pass(60s), MonotonicTime::max());
  EXPECT_EQ(coordinator_->counts().failed, 1);
  host_.run_all();
  EXPECT_EQ(host_.take(), (Said{"complete 1", "completed 1"}));
  EXPECT_EQ(coordinator_->newest_completed(), 1);
}

TEST_F(Coordinator, CountsAnOverdueWriteThatFailsOnce) {
  start();
  take_until_written(1);
  pass(60s);
  ASSERT_TRUE(fs_->inner().remove(file_of(1, 0)).ok());
  host_.run_all();
  EXPECT_EQ(host_.take(), (Said{"trigger 1", "abort 1"}));
  EXPECT_EQ(coordinator_->counts().failed, 1);
}

TEST_F(Coordinator, DoesNotTouchFilesThatAnotherCoordinatorIsWriting) {
  start();
  take_until_written(1);
  ASSERT_TRUE(write_file(fs_->inner(), "/c/job/chk-1/_weir", "another's").ok());
  host_.run_all();
  EXPECT_EQ(host_.take(), (Said{"trigger 1", "abort 1"}));
  coordinator_->acknowledge(ack(1, 0));
  take(2);
  EXPECT_EQ(directories(), "chk-1:3 chk-2:4");
}

TEST_F(Coordinator, AcknowledgementOfAnEarlierCoordinatorRemovesNothing) {
  ASSERT_TRUE(write_file(fs_->inner(), file_of(6, 0), "data").ok());
  ASSERT_TRUE(write_file(fs_->inner(), file_of(9, 0), "data").ok());
  options_.highest_used_id = 7;
  start();
  coordinator_->acknowledge(ack(6, 0));
  coordinator_->acknowledge(ack(9, 0));  // for a checkpoint that this coordinator has not begun
  host_.run_all();
  EXPECT_EQ(directories(), "chk-6:1 chk-9:1");
}

TEST_F(Coordinator, RetriesFailedDeletions) {
  start();
  take(1);
  fs_->before = [](std::string_view op, const std::string& path) {
    return op == "remove" && path == "/c/job/chk-1/_metadata" ? unavailable("no answer") : Status();
  };
  take(2);
  EXPECT_EQ(directories(), "chk-1:4 chk-2:4");
  silence(false);
  take(3);
  EXPECT_EQ(directories(), "chk-3:4");
}

TEST_F(Coordinator, TooManyPendingDeletionsDelayNewCheckpoints) {
  options_.trigger.max_deletions = 0;
  start();
  take(1);
  pass(10s);
  host_.run_all();
  acknowledge(2, 0);
  acknowledge(2, 1);
  host_.run_one();
  EXPECT_EQ(host_.works.size(), 1u);  // 1 is being deleted
  pass(10s);
  EXPECT_EQ(host_.works.size(), 1u);
  host_.run_all();
  poll();
  host_.run_all();
  EXPECT_EQ(host_.take().back(), "trigger 3");
}

}  // namespace
}  // namespace weir
