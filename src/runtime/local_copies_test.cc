#include "runtime/local_copies.h"

#include <gtest/gtest.h>

#include "checkpoint/testing/faulty_file_system.h"
#include "fs/memory/memory_file_system.h"

namespace weir {
namespace {

class LocalCopiesTest : public testing::Test {
 protected:
  FileLocation place(const std::shared_ptr<FileSystem>& fs, const std::string& path) {
    return {fs, path, "memory://" + path};
  }
  std::unique_ptr<WritableFile> original(const std::string& name) {
    return *remote_->create("/remote/" + name, CreateMode::kExclusive);
  }
  void write(LocalCopies& copies, CheckpointId id, const std::string& name,
             const std::string& bytes) {
    auto file = copies.copying(id, name, original(name));
    ASSERT_TRUE(file->append(bytes).ok());
    ASSERT_TRUE(file->close().ok());
  }

  std::shared_ptr<FileSystem> remote_ = std::make_shared<MemoryFileSystem>();
  std::shared_ptr<FileSystem> local_ = std::make_shared<MemoryFileSystem>();
};

TEST_F(LocalCopiesTest, CopyEqualsTheOriginal) {
  LocalCopies copies(place(local_, "/local"));
  write(copies, 1, "data-a", "state");
  EXPECT_EQ(*read_file(*remote_, "/remote/data-a"), "state");
  auto copy = copies.open("data-a");
  ASSERT_NE(copy, nullptr);
  std::string bytes;
  ASSERT_TRUE(copy->read_at(0, 100, &bytes).ok());
  EXPECT_EQ(bytes, "state");
}

TEST_F(LocalCopiesTest, FileThatWasNotClosedHasNoCopy) {
  LocalCopies copies(place(local_, "/local"));
  auto file = copies.copying(1, "data-a", original("data-a"));
  ASSERT_TRUE(file->append("half").ok());
  EXPECT_EQ(local_->list("/local")->size(), 1u);
  file.reset();
  EXPECT_EQ(copies.open("data-a"), nullptr);
  EXPECT_EQ(local_->list("/local")->size(), 0u)
      << "nor does what was written of it stay on the disk";
}

TEST_F(LocalCopiesTest, ChangedCopyIsNotUsed) {
  LocalCopies copies(place(local_, "/local"));
  write(copies, 1, "data-a", "state");
  ASSERT_TRUE(local_->remove("/local/data-a").ok());
  ASSERT_TRUE(write_file(*local_, "/local/data-a", "sta").ok());
  EXPECT_EQ(copies.open("data-a"), nullptr);
}

TEST_F(LocalCopiesTest, OriginalIsWrittenWhenNoCopyCanBe) {
  ASSERT_TRUE(write_file(*local_, "/local", "a file where the directory should be").ok());
  LocalCopies copies(place(local_, "/local"));
  write(copies, 1, "data-a", "state");
  EXPECT_EQ(*read_file(*remote_, "/remote/data-a"), "state");
  EXPECT_EQ(copies.open("data-a"), nullptr);
}

TEST_F(LocalCopiesTest, CopyThatCannotBeFinishedIsRemoved) {
  const auto full = std::make_shared<FaultyFileSystem>();
  full->before = [](std::string_view operation, const std::string&) {
    return operation == "append" ? resource_exhausted("the disk is full") : Status();
  };
  LocalCopies copies(place(full, "/local"));
  write(copies, 1, "data-a", "state");
  EXPECT_EQ(*read_file(*remote_, "/remote/data-a"), "state");
  EXPECT_EQ(copies.open("data-a"), nullptr);
  EXPECT_TRUE(full->inner().list("/local")->empty());
}

TEST_F(LocalCopiesTest, OnlyTheLastCheckpointsCopiesAreKept) {
  auto copies = std::make_unique<LocalCopies>(place(local_, "/local"));
  write(*copies, 1, "data-a", "old");
  write(*copies, 2, "data-b", "new");
  copies->keep_from(2);
  EXPECT_EQ(copies->open("data-a"), nullptr);
  EXPECT_NE(copies->open("data-b"), nullptr);
  EXPECT_EQ(local_->list("/local")->size(), 1u);
  copies.reset();
  EXPECT_EQ(local_->list("/local").status().code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace weir
