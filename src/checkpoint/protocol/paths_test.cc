#include "checkpoint/protocol/paths.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir {
namespace {

TEST(CheckpointPaths, CheckpointDirectoriesRoundTrip) {
  EXPECT_EQ(checkpoint_directory_name(7), "chk-7");
  EXPECT_EQ(parse_checkpoint_directory_name("chk-7"), 7);
  EXPECT_EQ(parse_checkpoint_directory_name("chk-9223372036854775807"), INT64_MAX);
}

TEST(CheckpointPaths, RejectsOtherDirectories) {
  for (const char* name : {"chk-", "chk-0", "chk--1", "chk-+1", "chk-07", "chk-7x", "chk-7/",
                           "chk- 7", "shared", "Chk-7", "", "chk-9223372036854775808"}) {
    EXPECT_EQ(parse_checkpoint_directory_name(name), std::nullopt) << name;
  }
}

TEST(CheckpointPaths, DataFilesRoundTrip) {
  EXPECT_EQ(data_file_name({3, 255}), "data-3-00000000000000ff");
  EXPECT_EQ(parse_data_file_name("data-3-00000000000000ff"), (DataFileName{3, 255}));
  EXPECT_EQ(parse_data_file_name(data_file_name({0, UINT64_MAX})), (DataFileName{0, UINT64_MAX}));
}

TEST(CheckpointPaths, RejectsOtherFiles) {
  for (const char* name : {"data-3", "data-3-", "data-3-ff", "data--3-00000000000000ff",
                           "data-03-00000000000000ff", "data-3-00000000000000FF",
                           "data-3-00000000000000ff0", "data-99999999999-00000000000000ff"}) {
    EXPECT_EQ(parse_data_file_name(name), std::nullopt) << name;
  }
}

TEST(CheckpointPaths, TemporaryNameOfMetadataDiffers) {
  EXPECT_EQ(metadata_temporary_name(10), "_metadata.inprogress-000000000000000a");
}

TEST(CheckpointPaths, AcceptsOnlyPlainFileNames) {
  EXPECT_TRUE(is_plain_file_name("data-3-00000000000000ff"));
  EXPECT_TRUE(is_plain_file_name("a b"));
  for (const std::string& name :
       {std::string(""), std::string("."), std::string(".."), std::string("a/b"), std::string("/a"),
        std::string("a\\b"), std::string("a\0b", 3), std::string(256, 'a')}) {
    EXPECT_FALSE(is_plain_file_name(name)) << name;
  }
}

TEST(CheckpointPaths, SnapshotIsNamedByItsDirectoryOrItsMetadata) {
  EXPECT_EQ(snapshot_directory("hdfs://nn/c/chk-7"), "hdfs://nn/c/chk-7");
  EXPECT_EQ(snapshot_directory("hdfs://nn/c/chk-7/"), "hdfs://nn/c/chk-7");
  EXPECT_EQ(snapshot_directory("hdfs://nn/c/chk-7/_metadata"), "hdfs://nn/c/chk-7");
  EXPECT_EQ(snapshot_directory("/c/my_metadata"), "/c/my_metadata");
  EXPECT_EQ(snapshot_directory("/_metadata"), "/");
}

TEST(CheckpointPaths, JobDirectoryIsItsIdInHex) {
  JobId job;
  job.bytes = {0xde, 0xad};
  EXPECT_EQ(job_directory_name(job), "dead0000000000000000000000000000");
}

TEST(CheckpointPaths, SharedFilesNameTheirCheckpoint) {
  const SharedFileName name{7, {3, 0xff}};
  EXPECT_EQ(shared_file_name(name), "data-7-3-00000000000000ff");
  EXPECT_EQ(parse_shared_file_name("data-7-3-00000000000000ff"), name);
  for (const char* other : {"data-3-00000000000000ff", "data-0-3-00000000000000ff", "data-7-3-ff",
                            "data-07-3-00000000000000ff", "data-7--3-00000000000000ff", ""})
    EXPECT_FALSE(parse_shared_file_name(other)) << other;
  EXPECT_FALSE(parse_data_file_name("data-7-3-00000000000000ff"));
}

TEST(CheckpointPaths, AReferenceLeadsNowhereButToSharedFiles) {
  const std::string name = "data-7-3-00000000000000ff";
  EXPECT_EQ(shared_reference(name), "../shared/" + name);
  EXPECT_EQ(parse_shared_reference("../shared/" + name), name);
  const std::vector<std::string> others = {name, "shared/" + name, "../shared/../" + name,
                                           "../shared/x", "../shared/"};
  for (const std::string& other : others) EXPECT_FALSE(parse_shared_reference(other)) << other;
}

}  // namespace
}  // namespace weir
