// What a FileSink does with the output of earlier starts.

#include "checkpoint/testing/faulty_file_system.h"
#include "connectors/test_file_sink.h"

namespace weir {
namespace {

using Lines = std::vector<std::string>;
using Life = FileSinkLife;
constexpr char kOut[] = "/out";

TEST_F(FileSinkTest, KilledAfterCompletionOfTheCheckpointItCommitsOnRestore) {
  const TestHost::Lists state = killed_after_acknowledging();
  Life second(fs, {.nonce = 2, .restored_checkpoint = 1}, state);
  EXPECT_FALSE(second.sink.can_accept());
  second.host.run_jobs();
  EXPECT_TRUE(second.sink.can_accept());
  EXPECT_EQ(committed(), Lines{"a"});
  second.write({"b"});
  second.checkpoint(2);
  EXPECT_EQ(committed(), (Lines{"a", "b"}));
  EXPECT_EQ(hidden(), 0u);
}

TEST_F(FileSinkTest, CommittingAgainAfterARestoreChangesNothing) {
  TestHost::Lists state;
  {
    Life first(fs, {.nonce = 1});
    first.host.run_jobs();
    first.write({"a"});
    state = first.checkpoint(1).lists;
  }
  for (uint64_t nonce = 2; nonce < 5; ++nonce) {
    Life again(fs, {.nonce = nonce, .restored_checkpoint = 1}, state);
    again.host.run_jobs();
    EXPECT_TRUE(again.host.failure.ok()) << again.host.failure.to_string();
    EXPECT_EQ(committed(), Lines{"a"});
    again.write({"never checkpointed"});
    again.host.run_jobs();
  }
}

TEST_F(FileSinkTest, OrphansOfAnAttemptThatNeverCompletedACheckpointAreRemoved) {
  {
    Life first(fs, {.nonce = 1, .run = 7});
    first.host.run_jobs();
    first.write({std::string(300'000, 'x')});
    first.host.run_jobs();
  }
  EXPECT_EQ(hidden(), 1u);
  Life second(fs, {.nonce = 2, .run = 7});
  second.host.run_jobs();
  EXPECT_EQ(hidden(), 0u);
}

TEST_F(FileSinkTest, FreshStartRemovesNothingOfAnotherRun) {
  const TestHost::Lists state = killed_after_acknowledging();
  const size_t left = hidden();
  LogLines log;
  Life another(fs, {.nonce = 2, .run = 8});
  another.host.run_jobs();
  EXPECT_EQ(hidden(), left);
  const Lines said = log.take();
  ASSERT_EQ(said.size(), 1u);
  EXPECT_NE(said[0].find("has unfinished files (1) of another run of this sink: if that run still "
                         "goes on, both write their results here"),
            std::string::npos)
      << said[0];
  another.write({"b"});
  another.checkpoint(1);
  Life again(fs, {.nonce = 3, .restored_checkpoint = 1}, state);
  again.host.run_jobs();
  EXPECT_TRUE(again.host.failure.ok()) << again.host.failure.to_string();
  EXPECT_EQ(committed(), (Lines{"a", "b"}));
}

TEST_F(FileSinkTest, StartFromAnotherJobsCheckpointLeavesThatJobsOutputAlone) {
  TestHost::Lists state;
  {
    Life theirs(fs, {.nonce = 1});
    theirs.host.run_jobs();
    theirs.write({"a"});
    state = theirs.checkpoint(1).lists;
    theirs.write({"b"});
    theirs.checkpoint(2);
    theirs.write({std::string(300'000, 'x')});
    theirs.host.run_jobs();
  }
  Life own(fs, {.nonce = 2, .restored_checkpoint = 1, .run = 9, .continues_run = false}, state);
  own.host.run_jobs();
  own.write({"c"});
  own.checkpoint(2);
  EXPECT_EQ(committed(), (Lines{"a", "b", "c"}));
  EXPECT_EQ(hidden(), 1u);
}

TEST_F(FileSinkTest, DirectoryIsListedOnceForAllSubtasks) {
  const auto counting = std::make_shared<FaultyFileSystem>();
  int lists = 0;
  counting->before = [&](std::string_view operation, const std::string&) {
    lists += operation == "list";
    return Status();
  };
  std::vector<std::unique_ptr<Life>> lives;
  for (int subtask = 0; subtask < 8; ++subtask) {
    lives.push_back(std::make_unique<Life>(
        counting, TestHost::Place{.subtask = subtask, .parallelism = 8, .nonce = 1}));
    lives.back()->host.run_jobs();
  }
  EXPECT_EQ(lists, 1);
}

TEST_F(FileSinkTest, CleanUpSparesFilesThatOtherSubtasksHaveBegun) {
  {
    Life old(fs, {.subtask = 2, .parallelism = 3, .nonce = 1, .run = 7});
    old.host.run_jobs();
    old.write({std::string(300'000, 'x')});
    old.host.run_jobs();
  }
  Life zero(fs, {.subtask = 0, .parallelism = 2, .nonce = 2, .run = 7});
  Life one(fs, {.subtask = 1, .parallelism = 2, .nonce = 3, .run = 7});
  one.host.run_jobs();
  one.write({std::string(300'000, 'y')});
  one.host.run_jobs();
  EXPECT_EQ(hidden(), 2u);
  zero.host.run_jobs();
  EXPECT_EQ(hidden(), 1u);
  one.checkpoint(1);
  EXPECT_TRUE(one.host.failure.ok()) << one.host.failure.to_string();
  EXPECT_EQ(committed().size(), 1u);
}

TEST_F(FileSinkTest, RestoredCommittablesAreCommittedOnceAtAnyParallelism) {
  TestHost::Lists state;
  {
    Life zero(fs, {.subtask = 0, .parallelism = 2, .nonce = 1});
    Life one(fs, {.subtask = 1, .parallelism = 2, .nonce = 2});
    zero.host.run_jobs();
    one.host.run_jobs();
    zero.write({"a"});
    one.write({"b"});
    TestSnapshot s0 = zero.snapshot(1);
    TestSnapshot s1 = one.snapshot(1);
    ASSERT_TRUE(s0.acknowledge().ok());
    ASSERT_TRUE(s1.acknowledge().ok());
    state = s0.lists;
    for (auto& [name, elements] : s1.lists)
      state[name].insert(state[name].end(), elements.begin(), elements.end());
  }
  Life zero(fs, {.subtask = 0, .parallelism = 3, .nonce = 3, .restored_checkpoint = 1}, state);
  Life two(fs, {.subtask = 2, .parallelism = 3, .nonce = 4, .restored_checkpoint = 1}, state);
  EXPECT_EQ(two.snapshot(2).lists["committables"].size(), 1u);
  two.host.run_jobs();
  EXPECT_TRUE(two.sink.can_accept());
  // The others neither commit nor keep the committables that subtask 0 is responsible for.
  EXPECT_EQ(committed(), Lines{});
  EXPECT_EQ(two.snapshot(3).lists["committables"].size(), 2u);
  // A barrier may pass before subtask 0 has committed: they are still in its state, and the
  // acknowledgement waits for the commit.
  TestSnapshot early = zero.snapshot(2);
  EXPECT_EQ(early.lists["committables"].size(), 3u);
  ASSERT_TRUE(early.acknowledge().ok());
  EXPECT_EQ(committed(), (Lines{"a", "b"}));
  zero.host.run_jobs();
  EXPECT_EQ(zero.snapshot(3).lists["committables"].size(), 2u);
}

TEST_F(FileSinkTest, GoingBackToAnEarlierCheckpointRemovesLaterFilesOfThisRunOnly) {
  {
    Life other_run(fs, {.nonce = 77});
    other_run.host.run_jobs();
    other_run.write({"yesterday"});
    other_run.checkpoint(9);
  }
  TestHost::Lists state;
  {
    Life first(fs, {.nonce = 1});
    first.host.run_jobs();
    first.write({"a"});
    state = first.checkpoint(1).lists;
    first.write({"b"});
    first.checkpoint(2);
  }
  EXPECT_EQ(committed(), (Lines{"a", "b", "yesterday"}));
  Life second(fs, {.nonce = 2, .restored_checkpoint = 1}, state);
  second.host.run_jobs();
  EXPECT_EQ(committed(), (Lines{"a", "yesterday"}));
  second.write({"b"});
  second.checkpoint(3);
  EXPECT_EQ(committed(), (Lines{"a", "b", "yesterday"}));
  // Also after a second restore, because the run is the same.
  Life third(fs, {.nonce = 3, .restored_checkpoint = 1}, state);
  third.host.run_jobs();
  EXPECT_EQ(committed(), (Lines{"a", "yesterday"}));
}

TEST_F(FileSinkTest, GoingBackRemovesWhatAnEarlierStartCommitsMeanwhile) {
  Life first(fs, {.nonce = 1});
  first.host.run_jobs();
  first.write({"a"});
  const TestHost::Lists state = first.checkpoint(1).lists;
  first.write({"b"});
  TestSnapshot snapshot = first.snapshot(2);
  ASSERT_TRUE(snapshot.acknowledge().ok());
  first.write({std::string(300'000, 'c')});
  first.host.run_jobs();
  Life second(fs, {.nonce = 2, .restored_checkpoint = 1}, state);
  second.write({"b again"});
  first.sink.checkpoint_completed(2);
  first.host.run_jobs();
  EXPECT_EQ(committed(), (Lines{"a", "b"}));
  second.host.run_jobs();
  EXPECT_EQ(committed(), Lines{"a"});
  second.checkpoint(3);
  EXPECT_EQ(committed(), (Lines{"a", "b again"}));
}

TEST_F(FileSinkTest, EarlierStartCannotCommitWhatWasTakenBack) {
  Life first(fs, {.nonce = 1});
  first.host.run_jobs();
  first.write({"a"});
  const TestHost::Lists state = first.checkpoint(1).lists;
  first.write({"b"});
  TestSnapshot snapshot = first.snapshot(2);
  ASSERT_TRUE(snapshot.acknowledge().ok());
  Life second(fs, {.nonce = 2, .restored_checkpoint = 1}, state);
  second.host.run_jobs();
  first.sink.checkpoint_completed(2);
  first.host.run_jobs();
  EXPECT_FALSE(first.host.failure.ok());
  EXPECT_EQ(committed(), Lines{"a"});
}

TEST_F(FileSinkTest, FreshStartLeavesExistingFiles) {
  {
    Life first(fs, {.nonce = 1});
    first.host.run_jobs();
    first.write({"a"});
    first.checkpoint(1);
  }
  Life second(fs, {.nonce = 2});
  second.host.run_jobs();
  EXPECT_EQ(committed(), Lines{"a"});
}

}  // namespace
}  // namespace weir
