// The job master's reaction to failures: which are retried, which end the job, and which checkpoint
// is restored.

#include <gtest/gtest.h>

#include <algorithm>

#include "base/strings.h"
#include "checkpoint/protocol/paths.h"
#include "cluster/testing/master_fixture.h"
#include "operators/log_lines.h"

namespace weir::cluster_tests {
namespace {

/// Whether a line that was logged since the last call has this text.
bool said(LogLines& log, std::string_view text) {
  const std::vector<std::string> lines = log.take();
  return std::any_of(lines.begin(), lines.end(),
                     [&](const std::string& line) { return line.find(text) != std::string::npos; });
}

class JobMasterFailureTest : public JobMasterTest {
 protected:
  void fail(FakeWorker& worker, AttemptId attempt, Status status) {
    worker.send(TaskFailed{attempt, "count (1/2)", std::move(status)});
    settle();
  }
  /// The next attempt's deployment; sends no answer.
  Deploy next_deployment(FakeWorker& worker) {
    for (int i = 0; i < 600; ++i) {
      if (auto deploy = worker.take<Deploy>()) return *std::move(deploy);
      pass(std::chrono::milliseconds(100), {&worker});
      if (state() == JobState::kFailed) break;
    }
    return {};
  }
  /// Runs an attempt, and completes checkpoints 1 to `count`.
  AttemptId run_with_checkpoints(FakeWorker& worker, int count) {
    const AttemptId attempt = run({&worker});
    for (int i = 1; i <= count; ++i) {
      EXPECT_EQ(wait_for_trigger({&worker}), i);
      acknowledge(worker, attempt, i, 2);
    }
    return attempt;
  }
  /// The attempt fails while it restores. Returns the checkpoint that it restores.
  CheckpointId fail_to_restore(FakeWorker& worker, Status status) {
    const Deploy deploy = next_deployment(worker);
    fail(worker, deploy.attempt, std::move(status));
    leave({&worker}, deploy.attempt);
    return deploy.common->restored_checkpoint;
  }
};

TEST_F(JobMasterFailureTest, PermanentFailureEndsTheJob) {
  make();
  FakeWorker one = worker("one", 2);
  const AttemptId attempt = run({&one});
  fail(one, attempt,
       failed_precondition("input.csv has 9 bytes, but had 7 when the job first started"));
  leave({&one}, attempt);
  EXPECT_EQ(state(), JobState::kFailed);
  EXPECT_FALSE(master_->view().refused) << "it has run";
  EXPECT_EQ(master_->view().restarts, 0);
  EXPECT_NE(master_->view().failure.message().find("input.csv has 9 bytes"), std::string::npos);
}

TEST_F(JobMasterFailureTest, PermanentFailureBeforeTheFirstRecordRefusesTheJob) {
  make();
  FakeWorker one = worker("one", 2);
  const Deploy deploy = *one.take<Deploy>();
  fail(one, deploy.attempt,
       failed_precondition("cannot restore state 'sum': its type has changed"));
  leave({&one}, deploy.attempt);
  EXPECT_EQ(state(), JobState::kFailed);
  EXPECT_TRUE(master_->view().refused);
}

/// The tasks have listed output that they will remove, and it may be that of the other process.
TEST_F(JobMasterFailureTest, AttemptDoesNotRunIfAnotherProcessHasStartedTheJob) {
  with_checkpoints();
  make();
  FakeWorker one = worker("one", 2);
  const Deploy deploy = *one.take<Deploy>();
  const FileLocation job = *world_.platform.files.resolve(options_.job_directory);
  Lineage lineage = *read_lineage(job);
  ASSERT_TRUE(record_fence(job, &lineage, /*nonce=*/9).ok());
  one.send(Deployed{deploy.attempt});
  settle();
  leave({&one}, deploy.attempt);
  EXPECT_EQ(state(), JobState::kFailed);
  EXPECT_NE(master_->view().failure.message().find("started again by another process"),
            std::string::npos)
      << master_->view().failure.to_string();
}

TEST_F(JobMasterFailureTest, TransientFailureIsRetried) {
  make();
  FakeWorker one = worker("one", 2);
  for (const Status& status : {aborted("an exception"), unavailable("a connection"),
                               data_loss("a frame"), internal_error("x")}) {
    const AttemptId attempt = run({&one});
    fail(one, attempt, status);
    leave({&one}, attempt);
    pass(std::chrono::seconds(3), {});
    ASSERT_FALSE(is_terminal(state())) << status.to_string();
  }
}

TEST_F(JobMasterFailureTest, APermissionThatTheFirstStartLacksRefusesTheJob) {
  make();
  FakeWorker one = worker("one", 2);
  const Deploy deploy = *one.take<Deploy>();
  fail(one, deploy.attempt, permission_denied("cannot create /out/part-0"));
  leave({&one}, deploy.attempt);
  EXPECT_EQ(state(), JobState::kFailed);
  EXPECT_TRUE(master_->view().refused) << "exit code 2";
}

TEST_F(JobMasterFailureTest, APermissionThatIsRevokedIsSaidAndTriedAgain) {
  make();
  FakeWorker one = worker("one", 2);
  const AttemptId attempt = run({&one});
  LogLines log;
  fail(one, attempt, permission_denied("cannot create /out/part-7"));
  leave({&one}, attempt);
  EXPECT_FALSE(is_terminal(state()));
  EXPECT_TRUE(said(log, "a permission that the job needs was refused"));
}

TEST_F(JobMasterFailureTest, TheThirdFailureAtTheSameRecordIsSaidAlthoughCheckpointsWereCompleted) {
  with_checkpoints();
  make();
  FakeWorker one = worker("one", 2);
  LogLines log;
  for (int i = 1; i <= 3; ++i) {
    const AttemptId attempt = run({&one});
    EXPECT_EQ(wait_for_trigger({&one}), i);
    acknowledge(one, attempt, i, 2);
    EXPECT_FALSE(said(log, "the same failure came"));
    fail(one, attempt, aborted("operator 'parse' threw: bad record 7"));
    leave({&one}, attempt);
    pass(std::chrono::seconds(3), {});
  }
  EXPECT_TRUE(said(log,
                   "the same failure came 3 times in a row, although checkpoints were completed in "
                   "between"));
}

TEST_F(JobMasterFailureTest, SetsAsideACheckpointThatFailsToRestoreTwice) {
  with_checkpoints();
  options_.num_retained = 2;
  make();
  FakeWorker one = worker("one", 2);
  const AttemptId attempt = run_with_checkpoints(one, 3);
  fail(one, attempt, aborted("an exception"));
  leave({&one}, attempt);
  EXPECT_EQ(fail_to_restore(one, aborted("a timer from the end of time")), 3);
  EXPECT_EQ(fail_to_restore(one, unavailable("storage")), 3)
      << "that says nothing about the checkpoint";
  EXPECT_EQ(fail_to_restore(one, aborted("a timer from the end of time")), 3);
  EXPECT_EQ(fail_to_restore(one, aborted("a timer from the end of time")), 2);
  EXPECT_EQ(fail_to_restore(one, aborted("a timer from the end of time")), 2);
  EXPECT_EQ(state(), JobState::kFailed) << "there is no older one";
  EXPECT_NE(master_->view().failure.message().find("could not be restored twice"),
            std::string::npos)
      << master_->view().failure.to_string();
}

TEST_F(JobMasterFailureTest, ContinuesFromTheCheckpointBeforeTheOneSetAside) {
  with_checkpoints();
  options_.num_retained = 2;
  make();
  FakeWorker one = worker("one", 2);
  const AttemptId attempt = run_with_checkpoints(one, 2);
  fail(one, attempt, aborted("an exception"));
  leave({&one}, attempt);
  EXPECT_EQ(fail_to_restore(one, aborted("x")), 2);
  EXPECT_EQ(fail_to_restore(one, aborted("x")), 2);
  const Deploy deploy = next_deployment(one);
  EXPECT_EQ(deploy.common->restored_checkpoint, 1);
  one.send(Deployed{deploy.attempt});
  settle();
  EXPECT_EQ(wait_for_trigger({&one}), 3);
  acknowledge(one, deploy.attempt, 3, 2);
  EXPECT_EQ(last_completed(), 3);
}

TEST_F(JobMasterFailureTest, ReadsAllStateBeforeTheStartAfterDamage) {
  with_checkpoints();
  options_.num_retained = 2;
  make();
  FakeWorker one = worker("one", 2);
  const AttemptId attempt = run_with_checkpoints(one, 1);
  ASSERT_EQ(wait_for_trigger({&one}), 2);
  const std::string file = data_file_name({0, 1});
  ASSERT_TRUE(write_file(world_.fs->inner(), cat("/c/job/chk-2/", file), "damaged").ok());
  AcknowledgeCheckpoint ack;
  ack.attempt = attempt;
  ack.id = 2;
  for (int i = 0; i < 2; ++i) ack.states.push_back({murmur3_128("source"), i, {}});
  ack.files = {{file, 7, /*checksum=*/1, /*block_bytes=*/4096}};
  one.send(ack);
  settle();
  ASSERT_EQ(last_completed(), 2);
  fail(one, attempt, aborted("an exception"));
  leave({&one}, attempt);
  EXPECT_EQ(fail_to_restore(one, data_loss("a block does not match its checksum")), 2);
  EXPECT_EQ(next_deployment(one).common->restored_checkpoint, 1);
}

TEST_F(JobMasterFailureTest, RemovedCheckpointDirectoryEndsTheJob) {
  with_checkpoints();
  make();
  FakeWorker one = worker("one", 2);
  const AttemptId attempt = run_with_checkpoints(one, 2);
  ASSERT_TRUE(world_.fs->inner().remove_all("/c/job/chk-2").ok());
  fail(one, attempt, aborted("an exception"));
  leave({&one}, attempt);
  pass(std::chrono::seconds(3), {&one});
  EXPECT_EQ(state(), JobState::kFailed);
  EXPECT_NE(master_->view().failure.message().find("chk-2"), std::string::npos)
      << master_->view().failure.to_string();
}

TEST_F(JobMasterFailureTest, AnotherStartOfTheJobEndsThisOne) {
  with_checkpoints();
  make();
  FakeWorker one = worker("one", 2);
  const AttemptId attempt = run_with_checkpoints(one, 1);
  const FileLocation job = *world_.files.resolve("mem:///c/job");
  const Lineage theirs = begin_line(
      *read_lineage(job), {.from = 1, .from_start = 1, .origin = {}, .new_run = 9}, 1, {1});
  ASSERT_TRUE(record_lineage(job, theirs, 9).ok());
  ASSERT_EQ(wait_for_trigger({&one}), 2);
  acknowledge(one, attempt, 2, 2);
  EXPECT_EQ(last_completed(), 1)
      << "the other one does not know of it, so nothing may be committed";
  leave({&one}, attempt);
  pass(std::chrono::seconds(3), {&one});
  EXPECT_EQ(state(), JobState::kFailed);
  EXPECT_NE(master_->view().failure.message().find("started again by another process"),
            std::string::npos);
  EXPECT_TRUE(world_.fs->exists("/c/job/chk-1/_metadata")) << "the other one goes on from it";
}

}  // namespace
}  // namespace weir::cluster_tests
