#include "fs/probe.h"

#include <gtest/gtest.h>

#include "fs/memory/memory_file_system.h"

namespace weir {
namespace {

/// A memory file system in which one kind of call fails.
class Faulty final : public FileSystem {
 public:
  std::string broken;  ///< the call that fails
  MemoryFileSystem inner;

  Status fault(std::string_view call) const {
    return broken == call ? permission_denied("not allowed here") : Status();
  }
  StatusOr<std::unique_ptr<WritableFile>> create(const std::string& path,
                                                 CreateMode mode) override {
    if (broken == "create") return fault("create");
    return inner.create(path, mode);
  }
  StatusOr<std::unique_ptr<ReadableFile>> open(const std::string& path) override {
    if (broken == "open") return fault("open");
    if (broken == "bytes") {
      auto file = inner.create(path, CreateMode::kReplace);
      if (file.ok()) (void)(*file)->append("something else");
    }
    return inner.open(path);
  }
  StatusOr<FileInfo> stat(const std::string& path) override { return inner.stat(path); }
  StatusOr<std::vector<FileInfo>> list(const std::string& path) override {
    return inner.list(path);
  }
  Status make_directories(const std::string& path) override {
    return broken == "make" ? fault("make") : inner.make_directories(path);
  }
  Status rename(const std::string& from, const std::string& to) override {
    return broken == "rename" ? fault("rename") : inner.rename(from, to);
  }
  Status publish(const StagedFile& file) override {
    if (broken == "replace") (void)inner.remove(file.target);
    return rename(file.staged, file.target);
  }
  bool stages_at_target() const override { return broken == "replace" || broken == "publish"; }
  Status remove(const std::string& path) override {
    if (broken == "remove" && inner.stat(path).ok()) return fault("remove");
    if (broken == "keep") return inner.stat(path).ok() ? Status() : not_found("nothing");
    return inner.remove(path);
  }
  Status remove_all(const std::string& path) override { return inner.remove_all(path); }
  Durability durability() const override { return Durability::kProcess; }
};

std::string probed(const std::string& broken) {
  auto fs = std::make_shared<Faulty>();
  fs->broken = broken;
  return probe_directory({fs, "/a/b", "memory://x/a/b"}, "p1").to_string();
}

TEST(ProbeDirectory, AcceptsADirectoryAndLeavesItEmpty) {
  auto fs = std::make_shared<MemoryFileSystem>();
  EXPECT_EQ(probe_directory({fs, "/a/b", "memory://x/a/b"}, "p1").to_string(), "OK");
  EXPECT_TRUE(fs->list("/a/b")->empty());
}

TEST(ProbeDirectory, RemovesTheFilesOfAKilledProbe) {
  auto fs = std::make_shared<MemoryFileSystem>();
  ASSERT_TRUE(write_file(*fs, "/a/.weir-probe-p1", "old").ok());
  ASSERT_TRUE(write_file(*fs, "/a/.weir-probe-p1.new.tmp", "old").ok());
  EXPECT_EQ(probe_directory({fs, "/a", "memory://x/a"}, "p1").to_string(), "OK");
  EXPECT_TRUE(fs->list("/a")->empty());
}

TEST(ProbeDirectory, SaysWhichStepFailed) {
  const std::string start =
      "PERMISSION_DENIED: the directory memory://x/a/b cannot be used, because ";
  EXPECT_EQ(probed("make"), start + "making it failed: not allowed here");
  EXPECT_EQ(probed("create"), start + "writing a test file failed: not allowed here");
  EXPECT_EQ(probed("rename"), start + "writing a test file failed: not allowed here");
  EXPECT_EQ(probed("open"), start + "reading back a test file failed: not allowed here");
  EXPECT_EQ(probed("remove"),
            "PERMISSION_DENIED: old checkpoints could not be removed: the directory memory://x/a/b "
            "cannot be used, because deleting a test file "
            "failed: not allowed here");
}

TEST(ProbeDirectory, RefusesAPlaceThatReturnsOtherBytes) {
  EXPECT_TRUE(probed("bytes").starts_with("DATA_LOSS: the directory memory://x/a/b"));
}

TEST(ProbeDirectory, RefusesAPlaceWherePublishedFilesAreReplaced) {
  EXPECT_TRUE(probed("replace").starts_with(
      "FAILED_PRECONDITION: the directory memory://x/a/b cannot be used, because the second of two "
      "files published as /a/b/.weir-probe-p1 replaced the first one"))
      << probed("replace");
  EXPECT_EQ(probed("publish"), "OK");
}

TEST(ProbeDirectory, RefusesAPlaceThatKeepsDeletedFiles) {
  EXPECT_TRUE(probed("keep").starts_with("FAILED_PRECONDITION: "));
}

}  // namespace
}  // namespace weir
