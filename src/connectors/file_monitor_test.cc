#include <gtest/gtest.h>

#include "connectors/file_split.h"
#include "connectors/test_reading.h"

namespace weir {
namespace {

using Lines = std::vector<std::string>;
using std::chrono::seconds;

class FileMonitorTest : public ::testing::Test {
 protected:
  FileMonitorTest() { EXPECT_TRUE(fs->make_directories("/in").ok()); }
  void write(const std::string& path, std::string_view bytes) {
    (void)fs->remove(path);
    ASSERT_TRUE(write_file(*fs, path, bytes).ok());
  }
  FileSource<std::string> source(const std::string& input = "/in") {
    return FileSource<std::string>::lines(input).monitor_continuously(seconds(1));
  }
  /// The paths that a discovery finds.
  Lines discover(SplitEnumerator<std::string>& monitor) {
    Lines uris;
    const auto found = monitor.discover(host);
    EXPECT_TRUE(found.ok()) << found.status().to_string();
    if (!found.ok()) return uris;
    EXPECT_EQ(found->again, seconds(1));
    for (const std::string& split : found->splits) uris.push_back(FileSplit::decode(split)->uri);
    return uris;
  }

  std::shared_ptr<FileSystem> fs = std::make_shared<MemoryFileSystem>();
  TestHost host{fs, {}};
};

TEST_F(FileMonitorTest, EachFileIsFoundOnceWheneverItAppears) {
  write("/in/b", "1\n");
  write("/in/.hidden", "no\n");
  write("/in/c._COPYING_", "no\n");
  const auto monitor = source().create_enumerator(1);
  EXPECT_EQ(discover(*monitor), Lines{"/in/b"});
  EXPECT_EQ(discover(*monitor), Lines{});
  write("/in/a", "2\n");
  write("/in/c", "3\n");
  EXPECT_EQ(discover(*monitor), (Lines{"/in/a", "/in/c"}));
  write("/in/b", "another file of the same name\n");
  EXPECT_EQ(discover(*monitor), Lines{});
}

TEST_F(FileMonitorTest, RestoredMonitorKnowsWhatWasFound) {
  write("/in/a", "1\n");
  const auto first = source().create_enumerator(1);
  EXPECT_EQ(discover(*first), Lines{"/in/a"});
  const std::string state = first->snapshot();
  write("/in/b", "2\n");
  EXPECT_EQ(discover(*first), Lines{"/in/b"});

  const auto restored = source().create_enumerator(1);
  ASSERT_TRUE(restored->restore(state).ok());
  EXPECT_EQ(discover(*restored), Lines{"/in/b"}) << "it was found after the checkpoint";
  EXPECT_EQ(source().create_enumerator(1)->restore(state + "x").code(), StatusCode::kDataLoss);
}

TEST_F(FileMonitorTest, EmptyFileIsFoundWhenItHasBytes) {
  write("/in/a", "");
  const auto monitor = source().create_enumerator(1);
  EXPECT_EQ(discover(*monitor), Lines{});
  write("/in/a", "1\n");
  EXPECT_EQ(discover(*monitor), Lines{"/in/a"});
}

TEST_F(FileMonitorTest, InputMayBeEmptyButNotMissing) {
  EXPECT_EQ(discover(*source().create_enumerator(1)), Lines{});
  EXPECT_EQ(discover(*source("/in/*.log").create_enumerator(1)), Lines{});
  const Status missing = source("/none").create_enumerator(1)->discover(host).status();
  EXPECT_EQ(missing.code(), StatusCode::kNotFound);
  EXPECT_NE(missing.message().find("cannot look for new files in /none"), std::string::npos)
      << missing.to_string();
}

TEST_F(FileMonitorTest, LargeFilesAreCutAndReadAfterTheReaderHadNothingLeft) {
  write("/in/a", "1\n2\n3\n4\n");
  auto files = source();
  files.split_bytes(4);
  EXPECT_FALSE(files.bounded());
  const auto monitor = files.create_enumerator(1);
  const auto found = monitor->discover(host);
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->splits.size(), 2u);
  Reading<std::string> reading(fs, files);
  reading.read();
  EXPECT_TRUE(reading.ended);
  for (const std::string& split : found->splits) {
    reading.reader->add_splits({split});
    reading.read();
  }
  EXPECT_EQ(reading.records, (Lines{"1", "2", "3", "4"}));
}

TEST_F(FileMonitorTest, SplitThatComesWhileAnotherIsReadWaitsForItsEnd) {
  write("/in/a", "3\n4\n");
  write("/in/b", "1\n2\n");
  const auto files = source();
  const auto found = files.create_enumerator(1)->discover(host);
  ASSERT_TRUE(found.ok());
  ASSERT_EQ(found->splits.size(), 2u);
  Reading<std::string> reading(fs, files);
  reading.reader->add_splits({found->splits[1]});
  reading.read(1);
  reading.reader->add_splits({found->splits[0]});
  reading.read();
  EXPECT_EQ(reading.records, (Lines{"1", "2", "3", "4"}));
}

TEST_F(FileMonitorTest, IntervalMustBePositive) {
  auto files = FileSource<std::string>::lines("/in").monitor_continuously(seconds(0));
  EXPECT_NE(files.setup_problem().find("every 0 ms; the interval must be positive"),
            std::string::npos)
      << files.setup_problem();
}

}  // namespace
}  // namespace weir
