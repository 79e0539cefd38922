#include "cluster/job_master/recovery.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

using Next = Recovery::Next;

constexpr bool kDeploying = true;
constexpr bool kRunning = false;

Recovery recovery_of(bool takes_over = false) { return Recovery({}, takes_over); }

TEST(Recovery, CountsTheSameFailureInARow) {
  Recovery recovery = recovery_of();
  const auto repeated = [&](const char* message) {
    return recovery.on_attempt_failed(aborted(message), kRunning, -1).repeated;
  };
  EXPECT_EQ(repeated("a"), 1);
  EXPECT_EQ(repeated("a"), 2);
  EXPECT_EQ(repeated("b"), 1);
  EXPECT_EQ(repeated("a"), 1);
  EXPECT_EQ(repeated("a"), 2);
}

TEST(Recovery, TheSameRecordMayFailInAnotherSubtask) {
  Recovery recovery = recovery_of();
  const auto repeated = [&](const char* message) {
    return recovery.on_attempt_failed(aborted(message), kRunning, -1).repeated;
  };
  EXPECT_EQ(repeated("operator 'parse' (uid 'p', subtask 3) threw: bad record 7"), 1);
  EXPECT_EQ(repeated("operator 'parse' (uid 'p', subtask 12) threw: bad record 7"), 2);
  EXPECT_EQ(repeated("operator 'parse' (uid 'p', subtask 12) threw: bad record 8"), 1);
  EXPECT_EQ(repeated("operator 'parse' (uid 'p', subtask "), 1);
}

TEST(Recovery, ACheckpointInBetweenDoesNotMakeItAnotherFailure) {
  Recovery recovery = recovery_of();
  recovery.on_checkpoint_completed();
  auto decision = recovery.on_attempt_failed(aborted("a"), kRunning, 1);
  EXPECT_FALSE(decision.checkpoints) << "it was before the first of them";
  recovery.on_checkpoint_completed();
  decision = recovery.on_attempt_failed(aborted("a"), kRunning, 2);
  EXPECT_EQ(decision.repeated, 2);
  EXPECT_TRUE(decision.checkpoints);
  decision = recovery.on_attempt_failed(aborted("b"), kRunning, 2);
  EXPECT_EQ(decision.repeated, 1);
  EXPECT_FALSE(decision.checkpoints);
}

TEST(Recovery, APermissionThatTheFirstStartLacksEndsTheJob) {
  const Status refused = permission_denied("cannot create /out/part-0");
  EXPECT_EQ(recovery_of().on_preparation_failed(refused, false), Next::kRefuse);
  EXPECT_EQ(recovery_of().on_attempt_failed(refused, kDeploying, -1).next, Next::kFailJob);
}

TEST(Recovery, APermissionThatIsRevokedLaterMayComeBack) {
  Recovery ran = recovery_of();
  ran.on_running();
  const Status refused = permission_denied("cannot create /out/part-7");
  EXPECT_EQ(ran.on_attempt_failed(refused, kRunning, 3).next, Next::kRestart);
  EXPECT_EQ(ran.on_attempt_failed(refused, kDeploying, 4).next, Next::kRestart);
  EXPECT_EQ(ran.on_preparation_failed(refused, true), Next::kRestart);
  EXPECT_EQ(recovery_of(/*takes_over=*/true).on_attempt_failed(refused, kDeploying, -1).next,
            Next::kRestart)
      << "it has run under another leader";
}

TEST(Recovery, SetsAsideACheckpointThatFailsToRestoreTwiceForTheSameReason) {
  Recovery recovery = recovery_of();
  const auto next = [&](CheckpointId restored, const Status& failure) {
    return recovery.on_attempt_failed(failure, kDeploying, restored).next;
  };
  EXPECT_EQ(next(7, aborted("x")), Next::kRestart);
  EXPECT_EQ(next(7, unavailable("storage")), Next::kRestart);
  EXPECT_EQ(next(7, aborted("x")), Next::kSetAside);
  EXPECT_EQ(next(6, aborted("x")), Next::kRestart);
  EXPECT_EQ(next(6, aborted("y (subtask 1)")), Next::kRestart) << "another reason may pass";
  EXPECT_EQ(next(6, aborted("y (subtask 2)")), Next::kSetAside);
  EXPECT_EQ(next(5, aborted("x")), Next::kRestart);
  EXPECT_EQ(next(5, aborted("y")), Next::kRestart);
  EXPECT_EQ(next(5, aborted("x")), Next::kSetAside) << "though not twice in a row";
  recovery.on_checkpoint_completed();
  EXPECT_EQ(next(6, aborted("x")), Next::kRestart);
  EXPECT_EQ(next(-1, aborted("x")), Next::kRestart) << "nothing was restored";
  EXPECT_EQ(next(-1, aborted("x")), Next::kRestart);
}

TEST(Recovery, SetsAsideACheckpointThatFailsToRestoreForEverNewReasons) {
  Recovery recovery = recovery_of();
  for (const char* const reason : {"key a", "key b", "key c"})
    EXPECT_EQ(recovery.on_attempt_failed(aborted(reason), kDeploying, 7).next, Next::kRestart);
  EXPECT_EQ(recovery.on_attempt_failed(aborted("key d"), kDeploying, 7).next, Next::kSetAside);
}

TEST(Recovery, FailureOfRunningTasksDoesNotBlameTheCheckpoint) {
  Recovery recovery = recovery_of();
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(recovery.on_attempt_failed(aborted("x"), kRunning, 7).next, Next::kRestart);
}

TEST(Recovery, PermanentFailureEndsTheJob) {
  Recovery recovery = recovery_of();
  const auto next = [&](const Status& failure) {
    return recovery.on_attempt_failed(failure, kRunning, -1).next;
  };
  EXPECT_EQ(next(failed_precondition("another type")), Next::kFailJob);
  EXPECT_EQ(next(invalid_argument("a setting")), Next::kFailJob);
  EXPECT_EQ(next(cancelled("nobody reads the results")), Next::kFailJob);
  EXPECT_EQ(next(aborted("an exception")), Next::kRestart);
  EXPECT_EQ(next(unavailable("a worker is lost")), Next::kRestart);
  EXPECT_EQ(next(not_found("a file that others write")), Next::kRestart);
}

TEST(Recovery, DamageInTheFirstAttemptIsRetriedAtOnceAndThenAfterTheBackOff) {
  Recovery recovery = recovery_of();
  EXPECT_FALSE(recovery.damage_met());
  auto decision = recovery.on_attempt_failed(data_loss("a block"), kDeploying, 3);
  EXPECT_EQ(decision.next, Next::kPrepareAnew);
  EXPECT_TRUE(decision.start_anew);
  EXPECT_TRUE(recovery.damage_met());
  decision = recovery.on_attempt_failed(data_loss("a block"), kDeploying, 2);
  EXPECT_EQ(decision.next, Next::kRestart);
  EXPECT_TRUE(decision.start_anew);
}

TEST(Recovery, ReadsAllStateAfterLaterDamageUntilACheckpointCompletes) {
  Recovery recovery = recovery_of(/*takes_over=*/true);
  recovery.on_running();
  EXPECT_FALSE(recovery.must_read_all());
  const auto decision = recovery.on_attempt_failed(data_loss("a block"), kDeploying, 3);
  EXPECT_EQ(decision.next, Next::kRestart);
  EXPECT_FALSE(decision.start_anew);
  EXPECT_TRUE(recovery.must_read_all());
  recovery.on_checkpoint_completed();
  EXPECT_FALSE(recovery.must_read_all());
}

TEST(Recovery, FirstStartOfAJobReadsAllState) {
  EXPECT_TRUE(recovery_of().must_read_all());
  EXPECT_FALSE(recovery_of(/*takes_over=*/true).must_read_all());
}

TEST(Recovery, RefusesAFirstStartThatCannotBePrepared) {
  EXPECT_EQ(recovery_of().on_preparation_failed(unavailable("storage"), false), Next::kRefuse);
  EXPECT_EQ(recovery_of().on_preparation_failed(aborted("x"), false), Next::kRefuse);
}

TEST(Recovery, LeaderThatTakesOverWaitsForStorage) {
  const Recovery recovery = recovery_of(/*takes_over=*/true);
  EXPECT_EQ(recovery.on_preparation_failed(unavailable("storage"), false), Next::kRestart);
  EXPECT_EQ(recovery.on_preparation_failed(data_loss("a checkpoint"), false), Next::kRefuse);
}

TEST(Recovery, RetriesARestartThatCannotBePreparedUnlessTheCheckpointIsGone) {
  const Recovery recovery = recovery_of();
  EXPECT_EQ(recovery.on_preparation_failed(unavailable("storage"), true), Next::kRestart);
  EXPECT_EQ(recovery.on_preparation_failed(not_found("a checkpoint"), true), Next::kFailJob);
  EXPECT_EQ(recovery.on_preparation_failed(data_loss("a checkpoint"), true), Next::kFailJob);
  EXPECT_EQ(recovery.on_preparation_failed(failed_precondition("x"), true), Next::kFailJob);
}

}  // namespace
}  // namespace weir
