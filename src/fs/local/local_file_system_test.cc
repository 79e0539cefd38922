#include "fs/local/local_file_system.h"

#include <gtest/gtest.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "fs/local/local_errors.h"

namespace weir {
namespace {

class LocalFileSystemTest : public testing::Test {
 protected:
  void SetUp() override {
    directory_ = (std::filesystem::temp_directory_path() / "weir-local-XXXXXX").string();
    ASSERT_NE(::mkdtemp(directory_.data()), nullptr);
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  LocalFileSystem fs_;
  std::string directory_;
};

TEST_F(LocalFileSystemTest, PromisesToSurviveAPowerLoss) {
  EXPECT_EQ(fs_.durability(), Durability::kPower);
}

TEST_F(LocalFileSystemTest, FullDiskIsResourceExhaustedAndSaysWhatToDo) {
  auto file = fs_.create("/dev/full", CreateMode::kReplace);
  ASSERT_TRUE(file.ok()) << file.status().to_string();
  EXPECT_TRUE((*file)->append("buffered").ok());
  const Status status = (*file)->close();
  EXPECT_EQ(status.to_string(),
            "RESOURCE_EXHAUSTED: cannot write 8 bytes to /dev/full: No space left on device; "
            "free space or inodes on the disk of /dev (df -h, df -i), or choose another directory");
}

TEST_F(LocalFileSystemTest, FailedAppendFailsTheFileForGood) {
  auto file = fs_.create("/dev/full", CreateMode::kReplace);
  ASSERT_TRUE(file.ok());
  EXPECT_EQ((*file)->append(std::string(100000, 'x')).code(), StatusCode::kResourceExhausted);
  EXPECT_EQ((*file)->append("").code(), StatusCode::kResourceExhausted);
  EXPECT_EQ((*file)->close().code(), StatusCode::kResourceExhausted);
}

TEST_F(LocalFileSystemTest, ForbiddenDirectoryIsPermissionDeniedAndNamesIt) {
  const std::string closed = directory_ + "/closed";
  ASSERT_EQ(::mkdir(closed.c_str(), 0500), 0);
  // Root may write anywhere; this thread drops that right.
  const int own = ::setfsuid(::geteuid() == 0 ? 65534 : ::geteuid());
  ::chmod(directory_.c_str(), 0755);
  const Status created = fs_.create(closed + "/f", CreateMode::kExclusive).status();
  const Status made = fs_.make_directories(closed + "/d");
  ::setfsuid(own);
  EXPECT_EQ(created.to_string(),
            "PERMISSION_DENIED: cannot create the file " + closed +
                "/f: Permission denied; give this process's user write and search permission on " +
                closed + " (ls -ld " + closed + " shows who has it), or choose another directory");
  EXPECT_EQ(made.code(), StatusCode::kPermissionDenied);
}

TEST_F(LocalFileSystemTest, RemoveAllDoesNotFollowSymbolicLinks) {
  ASSERT_TRUE(write_file(fs_, directory_ + "/kept/f", "x").ok());
  ASSERT_TRUE(fs_.make_directories(directory_ + "/d").ok());
  std::filesystem::create_symlink(directory_ + "/kept", directory_ + "/d/link");
  EXPECT_TRUE(fs_.remove_all(directory_ + "/d").ok());
  EXPECT_EQ(*read_file(fs_, directory_ + "/kept/f"), "x");
}

TEST_F(LocalFileSystemTest, ListShowsADanglingLink) {
  std::filesystem::create_symlink("/nowhere/at/all", directory_ + "/link");
  const auto entries = fs_.list(directory_);
  ASSERT_TRUE(entries.ok()) << entries.status().to_string();
  ASSERT_EQ(entries->size(), 1u);
  EXPECT_EQ((*entries)[0].path, directory_ + "/link");
}

TEST_F(LocalFileSystemTest, TooLongNameIsRefused) {
  EXPECT_EQ(
      fs_.create(directory_ + "/" + std::string(300, 'x'), CreateMode::kExclusive).status().code(),
      StatusCode::kInvalidArgument);
}

TEST_F(LocalFileSystemTest, WithoutRenameat2ADirectoryIsRefusedAndStays) {
  LocalFileSystem fs({.use_renameat2 = false});
  ASSERT_TRUE(fs.make_directories(directory_ + "/d").ok());
  EXPECT_EQ(fs.rename(directory_ + "/d", directory_ + "/e").code(), StatusCode::kUnimplemented);
  EXPECT_TRUE(fs.stat(directory_ + "/d").ok());
}

TEST_F(LocalFileSystemTest, RenameInterruptedBetweenLinkAndUnlinkIsFinished) {
  const std::string from = directory_ + "/from";
  const std::string to = directory_ + "/to";
  for (const bool use_renameat2 : {false, true}) {
    LocalFileSystem fs({.use_renameat2 = use_renameat2});
    ASSERT_TRUE(write_file(fs, from, "x").ok());
    std::filesystem::create_hard_link(from, to);
    EXPECT_TRUE(fs.rename(from, to).ok()) << use_renameat2;
    EXPECT_EQ(fs.stat(from).status().code(), StatusCode::kNotFound);
    EXPECT_EQ(*read_file(fs, to), "x");
    ASSERT_TRUE(write_file(fs, from, "x").ok());  // the same content, but another file
    EXPECT_EQ(fs.rename(from, to).code(), StatusCode::kAlreadyExists);
    ASSERT_TRUE(fs.remove(from).ok() && fs.remove(to).ok());
  }
}

TEST_F(LocalFileSystemTest, ReplacingOneNameOfAFileLeavesTheOtherAlone) {
  ASSERT_TRUE(write_file(fs_, directory_ + "/published", "kept").ok());
  std::filesystem::create_hard_link(directory_ + "/published", directory_ + "/published.1.tmp");
  EXPECT_EQ(publish_file(fs_, directory_ + "/published", "new", "1").code(),
            StatusCode::kAlreadyExists);
  EXPECT_EQ(*read_file(fs_, directory_ + "/published"), "kept");
}

TEST_F(LocalFileSystemTest, CreateFollowsNoSymbolicLink) {
  ASSERT_TRUE(write_file(fs_, directory_ + "/victim", "kept").ok());
  std::filesystem::create_symlink(directory_ + "/victim", directory_ + "/link");
  std::filesystem::create_symlink(directory_ + "/made", directory_ + "/dangling");
  EXPECT_EQ(fs_.create(directory_ + "/link", CreateMode::kReplace).status().code(),
            StatusCode::kFailedPrecondition);
  EXPECT_EQ(fs_.create(directory_ + "/dangling", CreateMode::kReplace).status().code(),
            StatusCode::kFailedPrecondition);
  EXPECT_EQ(fs_.create(directory_ + "/dangling", CreateMode::kExclusive).status().code(),
            StatusCode::kAlreadyExists);
  EXPECT_EQ(*read_file(fs_, directory_ + "/victim"), "kept");
  EXPECT_FALSE(std::filesystem::exists(directory_ + "/made"));
}

TEST_F(LocalFileSystemTest, PipeIsDetectedAndOpeningItDoesNotBlock) {
  const std::string pipe = directory_ + "/pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(fs_.stat(pipe)->special, "a pipe");
  EXPECT_EQ(fs_.list(directory_)->at(0).special, "a pipe");
  EXPECT_EQ(fs_.stat("/dev/null")->special, "a device");
  EXPECT_EQ(fs_.stat(directory_)->special, "");
  EXPECT_EQ(fs_.open(pipe).status().to_string(),
            "FAILED_PRECONDITION: cannot open " + pipe + " as a file: it is a pipe");
}

TEST_F(LocalFileSystemTest, FileThatHidesItsSizeIsRefused) {
  const Status refused = fs_.open("/proc/self/status").status();
  EXPECT_EQ(refused.code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(refused.message().find("copy it into a file first"), std::string::npos)
      << refused.to_string();
  ASSERT_TRUE(write_file(fs_, directory_ + "/empty", "").ok());
  EXPECT_TRUE(fs_.open(directory_ + "/empty").ok());
}

TEST_F(LocalFileSystemTest, RenameKeepsTheIdOfAFileAndAnotherFileHasAnother) {
  ASSERT_TRUE(write_file(fs_, directory_ + "/a", "x").ok());
  ASSERT_TRUE(write_file(fs_, directory_ + "/b", "x").ok());
  const int64_t id = fs_.stat(directory_ + "/a")->file_id;
  EXPECT_NE(id, 0);
  EXPECT_NE(fs_.stat(directory_ + "/b")->file_id, id);
  ASSERT_TRUE(fs_.rename(directory_ + "/a", directory_ + "/c").ok());
  EXPECT_EQ(fs_.stat(directory_ + "/c")->file_id, id);
}

TEST(LocalError, EachErrnoHasTheCodeThatTellsTheCallerWhatToDo) {
  EXPECT_EQ(local_error(ENOENT, "x", "/a").code(), StatusCode::kNotFound);
  EXPECT_EQ(local_error(EEXIST, "x", "/a").code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(local_error(EACCES, "x", "/a").code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(local_error(EROFS, "x", "/a").code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(local_error(ENOSPC, "x", "/a").code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(local_error(EDQUOT, "x", "/a").code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(local_error(EMFILE, "x", "/a").code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(local_error(ENOTEMPTY, "x", "/a").code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(local_error(EIO, "x", "/a").code(), StatusCode::kDataLoss);
  EXPECT_EQ(local_error(ESTALE, "x", "/a").code(), StatusCode::kUnavailable);
}

}  // namespace
}  // namespace weir
