#include "weir/connector/file_sink.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "checkpoint/testing/faulty_file_system.h"
#include "connectors/test_host.h"
#include "fs/local/local_file_system.h"
#include "operators/log_lines.h"
#include "testing/operator_harness.h"
#include "weir/detail/connector/sink_operator.h"

namespace weir {
namespace {

using Lines = std::vector<std::string>;
using LineSink = detail::SinkOperator<std::string, FileSink<std::string>>;
constexpr char kOut[] = "/out";

/// One subtask of a FileSink, from its start to its death.
struct Life {
  Life(std::shared_ptr<FileSystem> fs, TestHost::Place place, TestHost::Lists restored = {})
      : host(std::move(fs), place, std::move(restored)),
        sink(std::make_shared<FileSink<std::string>>(kOut)) {
    EXPECT_TRUE(sink.open(host).ok());
    sink.can_accept();  // the attempt runs
  }
  void write(std::vector<std::string> lines) {
    BatchOf<std::string> batch;
    for (std::string& line : lines) batch.add(std::move(line));
    sink.process(batch, none);
  }
  TestSnapshot snapshot(int64_t id) {
    TestSnapshot taken(id);
    EXPECT_TRUE(sink.snapshot(taken).ok());
    return taken;
  }
  /// Takes a checkpoint that succeeds, and its commits.
  TestSnapshot checkpoint(int64_t id) {
    TestSnapshot taken = snapshot(id);
    EXPECT_TRUE(taken.acknowledge().ok());
    sink.checkpoint_completed(id);
    host.run_jobs();
    return taken;
  }

  TestHost host;
  LineSink sink;
  NoOutput none;
};

class FileSinkTest : public ::testing::Test {
 protected:
  Lines committed() { return committed_lines(*fs, kOut); }
  size_t hidden() { return file_names(*fs, kOut, ".part-").size(); }
  /// The state of checkpoint 1 of a sink that wrote "a" before it, and was killed after it
  /// acknowledged the checkpoint and got another line.
  TestHost::Lists killed_after_acknowledging() {
    Life life(fs, {.nonce = 1});
    life.host.run_jobs();
    life.write({"a"});
    TestSnapshot snapshot = life.snapshot(1);
    EXPECT_TRUE(snapshot.acknowledge().ok());
    life.write({"lost, and read again"});
    return snapshot.lists;
  }
  std::shared_ptr<FileSystem> fs = std::make_shared<MemoryFileSystem>();
};

TEST_F(FileSinkTest, RecordsAppearWhenTheirCheckpointIsCompleteAndNotBefore) {
  Life life(fs, {});
  life.host.run_jobs();
  life.write({"a", "b"});
  TestSnapshot snapshot = life.snapshot(1);
  life.host.run_jobs();
  ASSERT_TRUE(snapshot.acknowledge().ok());
  EXPECT_EQ(committed(), Lines{});
  EXPECT_TRUE(life.sink.quiescent());
  life.sink.checkpoint_completed(1);
  EXPECT_FALSE(life.sink.quiescent());
  life.host.run_jobs();
  EXPECT_TRUE(life.sink.quiescent());
  EXPECT_EQ(committed(), (Lines{"a", "b"}));
  EXPECT_EQ(hidden(), 0u);
  EXPECT_TRUE(life.host.failure.ok()) << life.host.failure.to_string();
}

TEST_F(FileSinkTest, AcknowledgingMakesTheFileDurableBeforeOtherQueuedWorkRuns) {
  Life life(fs, {});
  life.host.run_jobs();
  life.write({"a"});
  TestSnapshot snapshot = life.snapshot(1);
  EXPECT_EQ(hidden(), 0u);
  ASSERT_TRUE(snapshot.acknowledge().ok());
  EXPECT_EQ(hidden(), 1u);
}

TEST_F(FileSinkTest, BytesKeepTheirOrderInAnyOrderOfTheWork) {
  Life life(fs, {});
  life.host.run_jobs();
  Lines expected;
  for (int i = 0; i < 5; ++i) {
    Lines lines;
    for (int j = 0; j < 40; ++j)
      lines.push_back(std::to_string(1000 + i * 40 + j) + std::string(10'000, 'x'));
    expected.insert(expected.end(), lines.begin(), lines.end());
    life.write(lines);
  }
  EXPECT_GT(life.host.jobs(), 3u);
  TestSnapshot snapshot = life.snapshot(1);
  life.host.run_jobs_backwards();
  ASSERT_TRUE(snapshot.acknowledge().ok());
  life.sink.checkpoint_completed(1);
  life.host.run_jobs();
  EXPECT_EQ(committed(), expected);
  const auto names = file_names(*fs, kOut, "part-");
  ASSERT_EQ(names.size(), 1u);
  const auto bytes = read_file(*fs, std::string(kOut) + "/" + names[0]);
  EXPECT_EQ(bytes->substr(0, 4), "1000");
  EXPECT_EQ(bytes->substr(bytes->size() - 10'005, 4), "1199");
}

TEST_F(FileSinkTest, RefusesRecordsWhileTooManyBytesAreInFlight) {
  Life life(fs, {});
  life.host.run_jobs();
  int writes = 0;
  while (life.sink.can_accept() && writes < 1000) life.write({std::string(300'000, 'x')}), ++writes;
  EXPECT_LT(writes, 40);
  life.host.run_jobs();
  EXPECT_TRUE(life.sink.can_accept());
}

TEST_F(FileSinkTest, NothingIsWrittenForAnEmptyEpoch) {
  Life life(fs, {});
  life.host.run_jobs();
  life.checkpoint(1);
  life.write({"a"});
  life.checkpoint(2);
  life.checkpoint(3);
  EXPECT_EQ(file_names(*fs, kOut, "").size(), 1u);
  EXPECT_EQ(committed(), Lines{"a"});
}

TEST_F(FileSinkTest, LostCompletionIsCoveredByTheNextOne) {
  Life life(fs, {});
  life.host.run_jobs();
  life.write({"a"});
  ASSERT_TRUE(life.snapshot(1).acknowledge().ok());
  life.write({"b"});
  ASSERT_TRUE(life.snapshot(2).acknowledge().ok());
  life.sink.checkpoint_completed(2);
  life.sink.checkpoint_completed(1);
  life.sink.checkpoint_completed(2);
  life.host.run_jobs();
  EXPECT_EQ(committed(), (Lines{"a", "b"}));
}

TEST_F(FileSinkTest, RecordsOfAnAbortedCheckpointComeWithTheNextOneEvenIfItsFileWasNotClosed) {
  TestHost::Lists state;
  {
    Life first(fs, {.nonce = 1});
    first.host.run_jobs();
    first.write({"a"});
    first.snapshot(1);  // never acknowledged
    first.sink.checkpoint_aborted(1);
    first.write({"b"});
    TestSnapshot second = first.snapshot(2);
    ASSERT_TRUE(second.acknowledge().ok());
    state = second.lists;
  }
  Life restored(fs, {.nonce = 2, .restored_checkpoint = 2}, state);
  restored.host.run_jobs();
  EXPECT_TRUE(restored.host.failure.ok()) << restored.host.failure.to_string();
  EXPECT_EQ(committed(), (Lines{"a", "b"}));
}

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

TEST_F(FileSinkTest, WithoutCheckpointsEverythingIsCommittedAtTheEnd) {
  Life life(fs, {});
  life.host.run_jobs();
  life.write({"a", "b"});
  life.sink.finish(life.none);
  life.sink.commit_without_checkpoint();
  EXPECT_FALSE(life.sink.quiescent());
  life.host.run_jobs();
  EXPECT_TRUE(life.sink.quiescent());
  EXPECT_TRUE(life.host.failure.ok()) << life.host.failure.to_string();
  EXPECT_EQ(committed(), (Lines{"a", "b"}));
}

TEST_F(FileSinkTest, DamagedFileIsNotCommitted) {
  const TestHost::Lists state = killed_after_acknowledging();
  const std::string path = std::string(kOut) + "/" + file_names(*fs, kOut, ".part-").at(0);
  ASSERT_TRUE(fs->remove(path).ok());
  {
    Life gone(fs, {.nonce = 2, .restored_checkpoint = 1}, state);
    gone.host.run_jobs();
    EXPECT_EQ(gone.host.failure.code(), StatusCode::kFailedPrecondition);
    EXPECT_FALSE(gone.sink.can_accept());
  }
  ASSERT_TRUE(write_file(*fs, path, "a").ok());
  Life shorter(fs, {.nonce = 3, .restored_checkpoint = 1}, state);
  shorter.host.run_jobs();
  EXPECT_EQ(shorter.host.failure.code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(shorter.host.failure.message().find("has 1 bytes, but 2 were written"),
            std::string::npos)
      << shorter.host.failure.to_string();
}

TEST_F(FileSinkTest, SurvivesSnapshotsAndRestoresBetweenAnyTwoCalls) {
  TestHost registry(fs, {});
  OperatorScenario scenario(
      [] { return std::make_unique<LineSink>(std::make_shared<FileSink<std::string>>(kOut)); },
      show_batch_of<std::string>());
  scenario.files(&registry)
      .records(batch_of<std::string>({{"a", 1}, {"b", 2}}))
      .watermark(2)
      .records(batch_of<std::string>({{std::string(300'000, 'x'), 3}}))
      .records(batch_of<std::string>({{"c", 4}}))
      .finish();
  EXPECT_EQ(scenario.run(), Lines{});
  EXPECT_EQ(scenario.check(), "");
}

TEST(FileSinkProbe, FollowsNoLinkAndRemovesTheFilesOfAKilledProbe) {
  const auto fs = std::make_shared<LocalFileSystem>();
  std::string directory = (std::filesystem::temp_directory_path() / "weir-sink-XXXXXX").string();
  ASSERT_NE(::mkdtemp(directory.data()), nullptr);
  ASSERT_TRUE(write_file(*fs, directory + "/victim", "kept").ok());
  ASSERT_TRUE(fs->make_directories(directory + "/out").ok());
  std::filesystem::create_symlink("../victim", directory + "/out/.part-probe-0");
  ASSERT_TRUE(
      write_file(*fs, directory + "/out/.part-probe-1", "somebody probes at the same time").ok());
  TestHost host(fs, {});
  const Status probed = FileSink<std::string>(directory + "/out").probe(host);
  EXPECT_TRUE(probed.ok()) << probed.to_string();
  EXPECT_EQ(*read_file(*fs, directory + "/victim"), "kept");
  EXPECT_EQ(file_names(*fs, directory + "/out", ".part-probe"), Lines{".part-probe-1"});
  std::filesystem::remove_all(directory);
}

TEST(FileSinkProbe, NamesTheDirectoryThatCannotBeWritten) {
  auto fs = std::make_shared<MemoryFileSystem>();
  ASSERT_TRUE(write_file(*fs, "/file", "x").ok());
  TestHost host(fs, {});
  EXPECT_TRUE(FileSink<std::string>("/new/dir").probe(host).ok());
  const Status refused = FileSink<std::string>("/file").probe(host);
  EXPECT_FALSE(refused.ok());
  EXPECT_NE(refused.message().find("cannot write results to /file"), std::string::npos)
      << refused.to_string();
}

}  // namespace
}  // namespace weir
