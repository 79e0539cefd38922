// Records every fsync of this process. A missing one loses data that a checkpoint relies on when
// the power fails, and no other test notices.

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "fs/file_system.h"
#include "fs/local/local_file_system.h"

namespace {

/// A synced path, and its number of entries or bytes at that moment.
struct Synced {
  std::string path;
  int64_t size = 0;
};
std::vector<Synced>* g_synced = nullptr;

}  // namespace

/// Replaces the C library's.
extern "C" int fsync(int fd) {
  if (g_synced != nullptr) {
    char target[4096];
    const ssize_t length =
        ::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), target, sizeof target);
    struct stat entry{};
    ::fstat(fd, &entry);
    Synced synced{std::string(target, length > 0 ? static_cast<size_t>(length) : 0), entry.st_size};
    if (S_ISDIR(entry.st_mode)) {
      synced.size = std::distance(std::filesystem::directory_iterator(synced.path),
                                  std::filesystem::directory_iterator());
    }
    g_synced->push_back(synced);
  }
  return static_cast<int>(::syscall(SYS_fsync, fd));
}

namespace weir {
namespace {

class LocalDurability : public testing::Test {
 protected:
  void SetUp() override {
    directory_ = (std::filesystem::temp_directory_path() / "weir-sync-XXXXXX").string();
    ASSERT_NE(::mkdtemp(directory_.data()), nullptr);
    directory_ = std::filesystem::canonical(directory_).string();
    g_synced = &synced_;
  }
  void TearDown() override {
    g_synced = nullptr;
    std::filesystem::remove_all(directory_);
  }
  /// Returns "path size" for each, relative to the directory, and clears the list.
  std::vector<std::string> synced() {
    std::vector<std::string> all;
    for (const Synced& each : synced_) {
      all.push_back((each.path == directory_ ? "." : each.path.substr(directory_.size() + 1)) +
                    " " + std::to_string(each.size));
    }
    synced_.clear();
    return all;
  }
  std::string at(const std::string& name) const { return directory_ + "/" + name; }

  LocalFileSystem fs_;
  std::string directory_;
  std::vector<Synced> synced_;
};

using Names = std::vector<std::string>;

TEST_F(LocalDurability, ClosedFileIsSyncedWholeAndThenItsDirectory) {
  auto file = fs_.create(at("f"), CreateMode::kExclusive);
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE((*file)->append("123").ok());
  ASSERT_TRUE((*file)->append(std::string(100'000, 'x')).ok());
  ASSERT_TRUE((*file)->append("4567").ok());
  EXPECT_EQ(synced(), Names());
  ASSERT_TRUE((*file)->close().ok());
  EXPECT_EQ(synced(), (Names{"f 100007", ". 1"}));
}

TEST_F(LocalDurability, EachNewDirectoryIsSyncedIntoItsParent) {
  ASSERT_TRUE(fs_.make_directories(at("a/b/c")).ok());
  EXPECT_EQ(synced(), (Names{". 1", "a 1", "a/b 1"}));
}

TEST_F(LocalDurability, RenameSyncsBothDirectoriesAfterwards) {
  ASSERT_TRUE(fs_.make_directories(at("a")).ok());
  ASSERT_TRUE(write_file(fs_, at("f"), "x").ok());
  synced();
  ASSERT_TRUE(fs_.rename(at("f"), at("a/g")).ok());
  EXPECT_EQ(synced(), (Names{"a 1", ". 1"}));
  ASSERT_TRUE(fs_.rename(at("a/g"), at("a/h")).ok());
  EXPECT_EQ(synced(), (Names{"a 1"}));
}

TEST_F(LocalDurability, RemovalIsSyncedToo) {
  ASSERT_TRUE(fs_.make_directories(at("a/b")).ok());
  ASSERT_TRUE(write_file(fs_, at("f"), "x").ok());
  synced();
  ASSERT_TRUE(fs_.remove(at("f")).ok());
  EXPECT_EQ(synced(), (Names{". 1"}));
  ASSERT_TRUE(fs_.remove_all(at("a")).ok());
  EXPECT_EQ(synced(), (Names{". 0"}));
}

}  // namespace
}  // namespace weir
