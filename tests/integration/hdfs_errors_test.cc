#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "base/strings.h"
#include "fs/probe.h"
#include "hdfs_fixture.h"

namespace weir {
namespace {

bool contains(const Status& status, std::string_view part) {
  return status.message().find(part) != std::string_view::npos;
}

/// One NameNode, which the cases below disturb.
class HdfsErrorsTest : public HdfsTest {
 protected:
  void SetUp() override {
    if (environment("WEIR_TEST_HDFS_HA")) GTEST_SKIP() << "for a single NameNode";
    HdfsTest::SetUp();
  }
  /// The address in "hdfs://127.0.0.1:PORT": the RPC port, which does not speak WebHDFS.
  static std::string rpc_address() { return test_hdfs().substr(std::string("hdfs://").size()); }
  static void no_wait(std::chrono::milliseconds) {}
};

TEST_F(HdfsErrorsTest, AnotherUsersDirectoryIsDeniedWithTheCommandThatHelps) {
  auto bob = files_as("bob");
  const auto location = bob->resolve(directory_.child("f").uri);
  ASSERT_TRUE(location.ok());
  // The NameNode redirects; the DataNode refuses, and may close before a large body has been sent.
  for (const size_t bytes : {size_t{5}, size_t{3'000'000}, size_t{20'000'000}}) {
    const Status status = write_file(*location->fs, location->path, std::string(bytes, 'x'));
    EXPECT_EQ(status.code(), StatusCode::kPermissionDenied) << status.to_string();
    EXPECT_TRUE(contains(status, "user=bob")) << status.to_string();
  }
  const Status probed = probe_directory(*bob->resolve(directory_.uri), "p");
  EXPECT_EQ(probed.code(), StatusCode::kPermissionDenied) << probed.to_string();
  const Status made = location->fs->make_directories(location->path);
  EXPECT_EQ(made.code(), StatusCode::kPermissionDenied);
  EXPECT_TRUE(contains(made, "hdfs dfs -chown bob " + directory_.path)) << made.to_string();
}

TEST_F(HdfsErrorsTest, FilesAndDirectoriesAreNotOpenToTheWorld) {
  ASSERT_EQ(write_file(*directory_.fs, at("f"), "secret").to_string(), "OK");
  auto bob = files_as("bob");
  const Status status = read_file(*bob->resolve(directory_.child("f").uri)->fs, at("f")).status();
  EXPECT_EQ(status.code(), StatusCode::kPermissionDenied) << status.to_string();
}

TEST_F(HdfsErrorsTest, ClosedFilesAreSyncedByTheDataNodeUnlessDisabled) {
  EXPECT_EQ(directory_.fs->durability(), Durability::kPower);
  const auto fsyncs = [] { return std::stoi(tool_output("datanode fsyncs")); };
  const int before = fsyncs();
  ASSERT_EQ(write_file(*directory_.fs, at("synced"), "x").to_string(), "OK");
  const int after = fsyncs();
  EXPECT_EQ(after, before + 1);
  auto files = files_as(process_login_user(), {{"fs.hdfs.sync-on-close", "false"}});
  const auto location = files->resolve(directory_.child("not-synced").uri);
  EXPECT_EQ(location->fs->durability(), Durability::kProcess);
  ASSERT_EQ(write_file(*location->fs, location->path, "x").to_string(), "OK");
  EXPECT_EQ(fsyncs(), after);
}

TEST_F(HdfsErrorsTest, FileThatAWriterHasOpenIsDetected) {
  FileSystem& fs = *directory_.fs;
  auto writer = fs.create(at("open"), CreateMode::kExclusive);
  ASSERT_TRUE(writer.ok()) << writer.status().to_string();
  // More than is sent in one piece at close.
  ASSERT_TRUE((*writer)->append(std::string(8'000'000, 'x')).ok());
  auto reader = fs.open(at("open"));
  ASSERT_TRUE(reader.ok()) << reader.status().to_string();
  EXPECT_EQ(*(*reader)->being_written(), true);
  ASSERT_TRUE((*writer)->close().ok());
  EXPECT_EQ(*(*reader)->being_written(), false);
}

TEST_F(HdfsErrorsTest, ProbeOfAUsableDirectoryPasses) {
  EXPECT_EQ(probe_directory(directory_.child("new/below"), "p").to_string(), "OK");
  EXPECT_TRUE(directory_.fs->list(at("new/below"))->empty());
}

TEST_F(HdfsErrorsTest, SafeModeIsReportedWithTheCommandThatEndsIt) {
  auto files = files_as(process_login_user(), {}, no_wait);
  const auto location = files->resolve(directory_.child("f").uri);
  ASSERT_TRUE(run_tool("safemode enter"));
  const Status written = write_file(*location->fs, location->path, "x");
  const Status made = location->fs->make_directories(at("d"));
  EXPECT_TRUE(run_tool("safemode leave"));
  for (const Status& status : {written, made}) {
    EXPECT_EQ(status.code(), StatusCode::kUnavailable) << status.to_string();
    EXPECT_TRUE(contains(status, "hdfs dfsadmin -safemode leave")) << status.to_string();
  }
}

TEST_F(HdfsErrorsTest, WriteOutlivesASafeModeThatEnds) {
  ASSERT_TRUE(run_tool("safemode enter"));
  int waits = 0;
  auto files = files_as(process_login_user(), {}, [&waits](std::chrono::milliseconds) {
    if (++waits == 2) { EXPECT_TRUE(run_tool("safemode leave")); }
  });
  const auto location = files->resolve(directory_.child("f").uri);
  EXPECT_EQ(write_file(*location->fs, location->path, "x").to_string(), "OK");
  EXPECT_EQ(waits, 2);
}

TEST_F(HdfsErrorsTest, ExhaustedQuotaIsResourceExhausted) {
  ASSERT_TRUE(directory_.fs->make_directories(at("space")).ok());
  ASSERT_TRUE(directory_.fs->make_directories(at("names")).ok());
  ASSERT_TRUE(run_tool(cat("admin -setSpaceQuota 1000000 ", at("space"))));
  ASSERT_TRUE(run_tool(cat("admin -setQuota 1 ", at("names"))));
  // Less than the quota, but HDFS requires room for a whole block.
  const Status space = write_file(*directory_.fs, at("space/f"), "x");
  EXPECT_EQ(space.code(), StatusCode::kResourceExhausted) << space.to_string();
  EXPECT_TRUE(contains(space, "-setSpaceQuota")) << space.to_string();
  const Status names = write_file(*directory_.fs, at("names/f"), "x");
  EXPECT_EQ(names.code(), StatusCode::kResourceExhausted) << names.to_string();
  EXPECT_TRUE(contains(names, "-setQuota")) << names.to_string();
  EXPECT_FALSE(directory_.fs->stat(at("names/f")).ok());
}

TEST_F(HdfsErrorsTest, RpcPortIsNotTakenForTheHttpPort) {
  auto files = files_as(process_login_user(), {{"fs.hdfs.http-address", rpc_address()}}, no_wait);
  const Status status = files->resolve(directory_.uri)->fs->stat("/").status();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_TRUE(contains(status, "set fs.hdfs.http-address")) << status.to_string();
}

TEST_F(HdfsErrorsTest, UnreachableNameNodeIsReportedWithTheOriginOfItsAddress) {
  auto files = files_as(process_login_user(), {{"fs.hdfs.http-address", "127.0.0.1:1"}}, no_wait);
  const Status status = files->resolve(directory_.uri)->fs->stat("/").status();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_TRUE(contains(status, "no NameNode is reachable at http://127.0.0.1:1"))
      << status.to_string();
  EXPECT_TRUE(contains(status, "an address from fs.hdfs.http-address")) << status.to_string();
}

TEST_F(HdfsErrorsTest, KilledUploadLeavesAShorterFileThatPublishNeverShows) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    auto files = files_as(process_login_user());
    // The steps of publish_file, up to the middle of its upload.
    auto file =
        files->resolve(directory_.uri)->fs->create(at("f.attempt-1.tmp"), CreateMode::kReplace);
    if (file.ok() && (*file)->append(std::string(8'000'000, 'x')).ok()) ::raise(SIGKILL);
    ::_exit(1);
  }
  int how = 0;
  ASSERT_EQ(::waitpid(child, &how, 0), child);
  ASSERT_TRUE(WIFSIGNALED(how)) << "the upload failed before it could be killed";
  EXPECT_EQ(directory_.fs->stat(at("f")).status().code(), StatusCode::kNotFound);
  const std::string whole(12'000'000, 'y');
  EXPECT_EQ(publish_file(*directory_.fs, at("f"), whole, "attempt-1").to_string(), "OK");
  EXPECT_TRUE(*read_file(*directory_.fs, at("f")) == whole);
  EXPECT_EQ(directory_.fs->list(directory_.path)->size(), 1u);
}

TEST_F(HdfsErrorsTest, WithoutADataNodeNothingIsWrittenAndTheReportIsNamed) {
  ASSERT_EQ(write_file(*directory_.fs, at("before"), "bytes").to_string(), "OK");
  ASSERT_TRUE(run_tool("datanode stop"));
  auto files = files_as(process_login_user(), {}, no_wait);
  const auto location = files->resolve(directory_.child("f").uri);
  const Status written = write_file(*location->fs, location->path, "x");
  const Status read = read_file(*location->fs, at("before")).status();
  EXPECT_TRUE(run_tool("datanode start"));
  EXPECT_EQ(written.code(), StatusCode::kUnavailable) << written.to_string();
  EXPECT_TRUE(contains(written, "hdfs dfsadmin -report")) << written.to_string();
  EXPECT_EQ(read.code(), StatusCode::kUnavailable) << read.to_string();
  EXPECT_EQ(*read_file(*directory_.fs, at("before")), "bytes");
}

}  // namespace
}  // namespace weir
