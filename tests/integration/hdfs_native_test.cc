#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/strings.h"
#include "fs/probe.h"
#include "hdfs_fixture.h"

namespace weir {
namespace {

bool contains(const Status& status, std::string_view part) {
  return status.message().find(part) != std::string_view::npos;
}

std::string some_bytes(size_t count) {
  std::string bytes(count, '\0');
  uint64_t random = 7;
  for (char& c : bytes)
    c = static_cast<char>((random = random * 6364136223846793005 + 1442695040888963407) >> 56);
  return bytes;
}

/// The native client, on a single NameNode or a pair.
class HdfsNativeTest : public HdfsTest {
 protected:
  void SetUp() override {
    HdfsTest::SetUp();
    if (IsSkipped()) return;
    native_ = files_as(process_login_user(), {{"fs.hdfs.client", "native"}});
    const auto location = native_->resolve(directory_.uri);
    ASSERT_TRUE(location.ok()) << location.status().to_string();
    fs_ = location->fs;
  }
  std::unique_ptr<RealFileSystems> native_as(const std::string& user,
                                             std::map<std::string, std::string> config = {}) {
    config["fs.hdfs.client"] = "native";
    config.emplace("fs.hdfs.retry.attempts", "3");
    return files_as(user, std::move(config));
  }
  static bool is_pair() { return environment("WEIR_TEST_HDFS_HA").has_value(); }

  std::unique_ptr<RealFileSystems> native_;
  std::shared_ptr<FileSystem> fs_;
};

TEST_F(HdfsNativeTest, BothClientsReadWhatTheOtherHasWritten) {
  const std::string bytes = some_bytes(9'000'001);
  ASSERT_EQ(write_file(*fs_, at("native"), bytes).to_string(), "OK");
  ASSERT_EQ(write_file(*directory_.fs, at("web"), bytes).to_string(), "OK");
  EXPECT_TRUE(*read_file(*directory_.fs, at("native")) == bytes);
  EXPECT_TRUE(*read_file(*fs_, at("web")) == bytes);
  const auto native = fs_->stat(at("web")), web = directory_.fs->stat(at("web"));
  ASSERT_TRUE(native.ok() && web.ok());
  EXPECT_EQ(native->file_id, web->file_id);
  EXPECT_EQ(native->modified_ms, web->modified_ms);
  EXPECT_EQ(native->size, web->size);
}

TEST_F(HdfsNativeTest, FileOfManyBlocksIsReadAtAnyPlace) {
  if (is_pair()) GTEST_SKIP() << "once is enough";
  const std::string bytes = some_bytes(3'500'000);
  ASSERT_EQ(write_file(*fs_, at("f"), bytes).to_string(), "OK");
  const auto file = fs_->open(at("f"));
  ASSERT_TRUE(file.ok()) << file.status().to_string();
  std::string out;
  for (const auto& [offset, length] : std::vector<std::pair<int64_t, int64_t>>{{0, 10},
                                                                               {10, 1'000'000},
                                                                               {1'000'010, 511},
                                                                               {3'499'999, 5},
                                                                               {513, 1025},
                                                                               {0, 3'500'000},
                                                                               {1'048'575, 2},
                                                                               {2'097'152, 1}}) {
    ASSERT_EQ((*file)->read_at(offset, length, &out).to_string(), "OK") << offset;
    EXPECT_TRUE(out == bytes.substr(static_cast<size_t>(offset), static_cast<size_t>(length)))
        << offset << " " << length;
  }
}

TEST_F(HdfsNativeTest, ClosedFilesAreSyncedByTheDataNodeUnlessDisabled) {
  if (is_pair()) GTEST_SKIP() << "once is enough";
  EXPECT_EQ(fs_->durability(), Durability::kPower);
  const auto fsyncs = [] { return std::stoi(tool_output("datanode fsyncs")); };
  const int before = fsyncs();
  ASSERT_EQ(write_file(*fs_, at("synced"), "x").to_string(), "OK");
  const int after = fsyncs();
  EXPECT_GT(after, before);
  auto files = native_as(process_login_user(), {{"fs.hdfs.sync-on-close", "false"}});
  const auto location = files->resolve(directory_.child("not-synced").uri);
  ASSERT_EQ(write_file(*location->fs, location->path, "x").to_string(), "OK");
  EXPECT_EQ(fsyncs(), after);
}

TEST_F(HdfsNativeTest, FilesAndDirectoriesAreNotOpenToTheWorld) {
  ASSERT_EQ(write_file(*fs_, at("d/f"), "secret").to_string(), "OK");
  auto bob = native_as("bob");
  const auto location = bob->resolve(directory_.child("d/f").uri);
  const Status read = read_file(*location->fs, location->path).status();
  EXPECT_EQ(read.code(), StatusCode::kPermissionDenied) << read.to_string();
  EXPECT_TRUE(contains(read, "user=bob")) << read.to_string();
  const Status made = location->fs->make_directories(at("of-bob"));
  EXPECT_EQ(made.code(), StatusCode::kPermissionDenied) << made.to_string();
  EXPECT_TRUE(contains(made, "hdfs dfs -chown bob " + directory_.path)) << made.to_string();
}

TEST_F(HdfsNativeTest, BothClientsActForAProxyUser) {
  ::setenv("HADOOP_PROXY_USER", "bob", 1);
  auto native = native_as(process_login_user());
  auto web = files_as(process_login_user());
  auto stranger = native_as("carol");
  const auto make = [this](RealFileSystems& files) {
    return files.resolve(directory_.uri)->fs->make_directories(at("of-bob"));
  };
  for (RealFileSystems* files : {native.get(), web.get()}) {
    const Status made = make(*files);
    EXPECT_EQ(made.code(), StatusCode::kPermissionDenied) << made.to_string();
    EXPECT_TRUE(contains(made, "user=bob")) << made.to_string();
    EXPECT_TRUE(contains(made, "hdfs dfs -chown bob")) << made.to_string();
  }
  const Status refused = make(*stranger);
  ::unsetenv("HADOOP_PROXY_USER");
  EXPECT_EQ(refused.code(), StatusCode::kPermissionDenied) << refused.to_string();
  EXPECT_TRUE(contains(refused, "carol is not allowed to impersonate bob")) << refused.to_string();
}

TEST_F(HdfsNativeTest, UserIsNamedWhereAnUnsecuredNameNodeIsAllowed) {
  // A client that expects Kerberos, and may do without.
  const auto conf = std::filesystem::temp_directory_path() / cat("weir-fallback-", ::getpid());
  std::filesystem::create_directories(conf);
  for (const std::string name : {"core-site.xml", "hdfs-site.xml"}) {
    std::ifstream in(std::filesystem::path(*environment("HADOOP_CONF_DIR")) / name);
    std::string text{std::istreambuf_iterator<char>(in), {}};
    const std::string_view end = "</configuration>";
    if (name == "core-site.xml")
      text.insert(text.find(end),
                  "<property><name>hadoop.security.authentication</name><value>kerberos</value>"
                  "</property><property><name>ipc.client.fallback-to-simple-auth-allowed</name>"
                  "<value>true</value></property>");
    std::ofstream(conf / name) << text;
  }
  auto files = native_as("bob", {{"env.hadoop.conf.dir", conf.string()}});
  const Status made = files->resolve(directory_.uri)->fs->make_directories(at("of-bob"));
  std::filesystem::remove_all(conf);
  EXPECT_EQ(made.code(), StatusCode::kPermissionDenied) << made.to_string();
  EXPECT_TRUE(contains(made, "user=bob")) << made.to_string();
}

TEST_F(HdfsNativeTest, FileThatAWriterHasOpenIsDetected) {
  auto writer = fs_->create(at("open"), CreateMode::kExclusive);
  ASSERT_TRUE(writer.ok()) << writer.status().to_string();
  ASSERT_TRUE((*writer)->append("x").ok());
  auto reader = fs_->open(at("open"));
  ASSERT_TRUE(reader.ok()) << reader.status().to_string();
  EXPECT_EQ(*(*reader)->being_written(), true);
  ASSERT_TRUE((*writer)->close().ok());
  EXPECT_EQ(*(*reader)->being_written(), false);
}

TEST_F(HdfsNativeTest, WriterWhoseFileWasReplacedLearnsItAtClose) {
  auto first = fs_->create(at("f"), CreateMode::kExclusive);
  ASSERT_TRUE(first.ok());
  ASSERT_TRUE((*first)->append(some_bytes(200'000)).ok());
  auto other = native_as(process_login_user());
  auto second = other->resolve(directory_.uri)->fs->create(at("f"), CreateMode::kReplace);
  ASSERT_TRUE(second.ok()) << second.status().to_string();
  ASSERT_EQ((*second)->append("second").to_string(), "OK");
  ASSERT_EQ((*second)->close().to_string(), "OK");
  const Status closed = (*first)->close();
  EXPECT_EQ(closed.code(), StatusCode::kDataLoss) << closed.to_string();
  EXPECT_EQ(*read_file(*fs_, at("f")), "second");
}

TEST_F(HdfsNativeTest, ExhaustedQuotaIsResourceExhausted) {
  ASSERT_TRUE(fs_->make_directories(at("space")).ok());
  ASSERT_TRUE(fs_->make_directories(at("names")).ok());
  ASSERT_TRUE(run_tool(cat("admin -setSpaceQuota 1000000 ", at("space"))));
  ASSERT_TRUE(run_tool(cat("admin -setQuota 1 ", at("names"))));
  const Status space = write_file(*fs_, at("space/f"), "x");
  EXPECT_EQ(space.code(), StatusCode::kResourceExhausted) << space.to_string();
  EXPECT_TRUE(contains(space, "-setSpaceQuota")) << space.to_string();
  const Status names = write_file(*fs_, at("names/f"), "x");
  EXPECT_EQ(names.code(), StatusCode::kResourceExhausted) << names.to_string();
}

TEST_F(HdfsNativeTest, SafeModeIsReportedWithTheCommandThatEndsIt) {
  if (is_pair()) GTEST_SKIP() << "the tool sets it on one NameNode";
  ASSERT_TRUE(run_tool("safemode enter"));
  auto files = native_as(process_login_user());
  const auto location = files->resolve(directory_.child("f").uri);
  const Status made = location->fs->make_directories(at("d"));
  EXPECT_TRUE(run_tool("safemode leave"));
  EXPECT_EQ(made.code(), StatusCode::kUnavailable) << made.to_string();
  EXPECT_TRUE(contains(made, "hdfs dfsadmin -safemode leave")) << made.to_string();
}

TEST_F(HdfsNativeTest, HttpPortIsNotTakenForTheRpcPort) {
  if (is_pair()) GTEST_SKIP() << "once is enough";
  auto web = native_as(process_login_user(),
                       {{"fs.hdfs.rpc-address", *environment("WEIR_TEST_HDFS_HTTP")}});
  const Status status = web->resolve(directory_.uri)->fs->stat("/").status();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable) << status.to_string();
  EXPECT_TRUE(contains(status, "it speaks HTTP")) << status.to_string();
}

TEST_F(HdfsNativeTest, UnreachableNameNodeIsReportedWithTheOriginOfItsAddress) {
  auto files = native_as(process_login_user(), {{"fs.hdfs.rpc-address", "127.0.0.1:1"}});
  const Status status = files->resolve(directory_.uri)->fs->stat("/").status();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_TRUE(contains(status, "no NameNode is reachable at 127.0.0.1:1")) << status.to_string();
  EXPECT_TRUE(contains(status, "fs.hdfs.rpc-address")) << status.to_string();
}

TEST_F(HdfsNativeTest, WriterThatWasKilledLeavesAFileThatPublishNeverShows) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    auto files = files_as(process_login_user(), {{"fs.hdfs.client", "native"}});
    auto file =
        files->resolve(directory_.uri)->fs->create(at("f.attempt-1.tmp"), CreateMode::kReplace);
    if (file.ok() && (*file)->append(std::string(8'000'000, 'x')).ok()) ::raise(SIGKILL);
    ::_exit(1);
  }
  int how = 0;
  ASSERT_EQ(::waitpid(child, &how, 0), child);
  ASSERT_TRUE(WIFSIGNALED(how)) << "the upload failed before it could be killed";
  const std::string whole = some_bytes(12'000'000);
  EXPECT_EQ(publish_file(*fs_, at("f"), whole, "attempt-1").to_string(), "OK");
  EXPECT_TRUE(*read_file(*fs_, at("f")) == whole);
}

/// With one DataNode there is nothing to recover with, so what is in memory decides.
TEST_F(HdfsNativeTest, DataNodeKilledWithinAWriteFailsItOrLosesNothing) {
  if (is_pair()) GTEST_SKIP() << "for a single NameNode";
  auto files = native_as(process_login_user());
  const auto fs = files->resolve(directory_.uri)->fs;
  const std::string bytes = some_bytes(20'000'000);
  auto file = fs->create(at("f"), CreateMode::kExclusive);
  ASSERT_TRUE(file.ok()) << file.status().to_string();
  ASSERT_TRUE((*file)->append(std::string_view(bytes).substr(0, 10'000'000)).ok());
  ASSERT_TRUE(run_tool("kill dn"));
  Status status = (*file)->append(std::string_view(bytes).substr(10'000'000));
  const Status closed = (*file)->close();
  ASSERT_TRUE(run_tool("revive dn"));
  EXPECT_EQ(status.code(), StatusCode::kUnavailable) << status.to_string();
  EXPECT_EQ(closed.code(), StatusCode::kUnavailable) << closed.to_string();
  EXPECT_EQ(publish_file(*fs_, at("g"), bytes, "attempt-1").to_string(), "OK");
  EXPECT_TRUE(*read_file(*fs_, at("g")) == bytes);
}

TEST_F(HdfsNativeTest, DataNodeKilledWithinAWriteIsReplacedByTheOther) {
  if (environment("WEIR_TEST_HDFS_DATANODES") != "2") GTEST_SKIP() << "for two DataNodes";
  const std::string bytes = some_bytes(20'000'000);
  // The first needs the other DataNode to go on, the second is still wholly in memory.
  for (const size_t before : {size_t{12'000'000}, size_t{1'000'000}}) {
    auto file = fs_->create(at(cat("f-", before)), CreateMode::kExclusive);
    ASSERT_TRUE(file.ok()) << file.status().to_string();
    ASSERT_TRUE((*file)->append(std::string_view(bytes).substr(0, before)).ok());
    ASSERT_TRUE(run_tool("kill dn2"));
    EXPECT_EQ((*file)->append(std::string_view(bytes).substr(before)).to_string(), "OK");
    EXPECT_EQ((*file)->close().to_string(), "OK");
    EXPECT_TRUE(*read_file(*fs_, at(cat("f-", before))) == bytes);
    ASSERT_TRUE(run_tool("revive dn2"));
  }
}

TEST_F(HdfsNativeTest, DataNodeKilledWithinAReadIsReplacedByTheOther) {
  if (environment("WEIR_TEST_HDFS_DATANODES") != "2") GTEST_SKIP() << "for two DataNodes";
  const std::string bytes = some_bytes(20'000'000);
  ASSERT_EQ(write_file(*fs_, at("f"), bytes).to_string(), "OK");
  // One of them is the one that is read from.
  for (const std::string name : {"dn", "dn2"}) {
    auto file = fs_->open(at("f"));
    ASSERT_TRUE(file.ok()) << file.status().to_string();
    std::string first, second;
    ASSERT_TRUE((*file)->read_at(0, 1'000'000, &first).ok());
    ASSERT_TRUE(run_tool("kill " + name));
    EXPECT_EQ((*file)->read_at(1'000'000, 19'000'000, &second).to_string(), "OK") << name;
    EXPECT_TRUE(first + second == bytes) << name;
    ASSERT_TRUE(run_tool("revive " + name));
  }
}

TEST_F(HdfsNativeTest, NameNodeKilledWithinAWriteLosesNothing) {
  if (!is_pair()) GTEST_SKIP() << "for a pair";
  const std::string bytes = some_bytes(9'000'000);
  auto file = fs_->create(at("f"), CreateMode::kExclusive);
  ASSERT_TRUE(file.ok()) << file.status().to_string();
  ASSERT_TRUE((*file)->append(std::string_view(bytes).substr(0, 5'000'000)).ok());
  const std::string active = tool_output("state nn1") == "active\n" ? "nn1" : "nn2";
  ASSERT_TRUE(run_tool("kill " + active));
  ASSERT_TRUE(run_tool("promote"));
  EXPECT_EQ((*file)->append(std::string_view(bytes).substr(5'000'000)).to_string(), "OK");
  EXPECT_EQ((*file)->close().to_string(), "OK");
  EXPECT_EQ(fs_->rename(at("f"), at("g")).to_string(), "OK");
  EXPECT_TRUE(*read_file(*fs_, at("g")) == bytes);
  ASSERT_TRUE(run_tool("revive " + active));
}

TEST_F(HdfsNativeTest, FailoverInTheMiddleOfManyFilesIsNotNoticed) {
  if (!is_pair()) GTEST_SKIP() << "for a pair";
  for (int i = 0; i < 40; ++i) {
    if (i == 20) { ASSERT_TRUE(run_tool("failover")); }
    ASSERT_EQ(publish_file(*fs_, at(cat("f-", i)), cat("bytes ", i), "u").to_string(), "OK") << i;
  }
  for (int i = 0; i < 40; ++i) EXPECT_EQ(*read_file(*fs_, at(cat("f-", i))), cat("bytes ", i));
  EXPECT_EQ(fs_->list(directory_.path)->size(), 40u);
}

}  // namespace
}  // namespace weir
