#include "fs/file_system.h"

#include <gtest/gtest.h>

#include "fs/memory/memory_file_system.h"

namespace weir {
namespace {

/// Answers each rename as the test says, and does nothing.
class NoRename final : public FileSystem {
 public:
  Status answer;
  MemoryFileSystem inner;

  StatusOr<std::unique_ptr<WritableFile>> create(const std::string& path,
                                                 CreateMode mode) override {
    return inner.create(path, mode);
  }
  StatusOr<std::unique_ptr<ReadableFile>> open(const std::string& path) override {
    return inner.open(path);
  }
  StatusOr<FileInfo> stat(const std::string& path) override { return inner.stat(path); }
  StatusOr<std::vector<FileInfo>> list(const std::string& path) override {
    return inner.list(path);
  }
  Status make_directories(const std::string& path) override { return inner.make_directories(path); }
  Status rename(const std::string&, const std::string&) override { return answer; }
  Status remove(const std::string& path) override { return inner.remove(path); }
  Status remove_all(const std::string& path) override { return inner.remove_all(path); }
  Durability durability() const override { return inner.durability(); }
};

TEST(PublishFile, KeepsItsTemporaryFileOnlyWhileTheRenameMayStillHappen) {
  NoRename fs;
  fs.answer = unavailable("no answer");
  EXPECT_EQ(publish_file(fs, "/f", "bytes", "1").code(), StatusCode::kUnavailable);
  EXPECT_TRUE(fs.stat("/f.1.tmp").ok());
  fs.answer = already_exists("another was first");
  EXPECT_EQ(publish_file(fs, "/f", "bytes", "2").code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(fs.stat("/f.2.tmp").status().code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace weir
