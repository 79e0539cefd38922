#include "weir/connector/file_sink.h"

#include <cstdlib>
#include <filesystem>

#include "connectors/test_file_sink.h"
#include "fs/local/local_file_system.h"
#include "testing/operator_harness.h"

namespace weir {
namespace {

using Lines = std::vector<std::string>;
using Life = FileSinkLife;
using LineSink = detail::SinkOperator<std::string, FileSink<std::string>>;
constexpr char kOut[] = "/out";

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
