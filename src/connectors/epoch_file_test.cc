#include "connectors/epoch_file.h"

#include <gtest/gtest.h>

#include <utility>

#include "fs/memory/memory_file_system.h"

namespace weir {
namespace {

/// A file system whose appends first call a function, which acts as another thread at that moment.
/// Only create() is ever called.
class Interrupted final : public FileSystem {
 public:
  std::function<void()> during_append = [] {};
  Status append_answer;
  std::string written;
  bool closed = false;

  StatusOr<std::unique_ptr<WritableFile>> create(const std::string&, CreateMode) override {
    return std::unique_ptr<WritableFile>(std::make_unique<File>(*this));
  }
  StatusOr<std::unique_ptr<ReadableFile>> open(const std::string&) override {
    return unimplemented("");
  }
  StatusOr<FileInfo> stat(const std::string&) override { return unimplemented(""); }
  StatusOr<std::vector<FileInfo>> list(const std::string&) override { return unimplemented(""); }
  Status make_directories(const std::string&) override { return unimplemented(""); }
  Status rename(const std::string&, const std::string&) override { return unimplemented(""); }
  Status remove(const std::string&) override { return unimplemented(""); }
  Status remove_all(const std::string&) override { return unimplemented(""); }
  Durability durability() const override { return Durability::kProcess; }

 private:
  class File final : public WritableFile {
   public:
    explicit File(Interrupted& fs) : fs_(fs) {}
    Status append(std::string_view bytes) override {
      fs_.during_append();
      fs_.written += bytes;
      return fs_.append_answer;
    }
    Status close() override {
      fs_.closed = true;
      return {};
    }

   private:
    Interrupted& fs_;
  };
};

struct EpochFileTest : ::testing::Test {
  std::shared_ptr<Interrupted> fs = std::make_shared<Interrupted>();
  std::shared_ptr<std::atomic<int64_t>> in_flight = std::make_shared<std::atomic<int64_t>>(0);
  EpochFile file{fs, {"/f", ""}, in_flight};
};

TEST_F(EpochFileTest, WhileOneThreadWritesOthersReturn) {
  file.append("a");
  file.append("b");
  fs->during_append = [this, first = true]() mutable {
    if (!std::exchange(first, false)) return;
    file.append("c");
    EXPECT_TRUE(file.drain().ok());
  };
  EXPECT_TRUE(file.drain().ok());
  EXPECT_EQ(fs->written, "abc");
  EXPECT_EQ(*in_flight, 0);
  EXPECT_FALSE(fs->closed);
}

TEST_F(EpochFileTest, FinishWritesTheRestAndCloses) {
  file.append("a");
  file.end();
  EXPECT_FALSE(file.persistent());
  EXPECT_TRUE(file.finish().ok());
  EXPECT_TRUE(file.finish().ok());
  EXPECT_TRUE(file.persistent());
  EXPECT_EQ(fs->written, "a");
  EXPECT_TRUE(fs->closed);
}

TEST_F(EpochFileTest, FileOfAnotherWriterIsNotReplaced) {
  const auto memory = std::make_shared<MemoryFileSystem>();
  ASSERT_TRUE(write_file(*memory, "/f", "another's").ok());
  EpochFile second(memory, {"/f", ""}, in_flight);
  second.append("a");
  EXPECT_EQ(second.drain().code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(*read_file(*memory, "/f"), "another's");
}

TEST_F(EpochFileTest, FailedWriteMakesEverythingAfterItFail) {
  fs->append_answer = resource_exhausted("the disk is full");
  file.append("a");
  EXPECT_EQ(file.drain().code(), StatusCode::kResourceExhausted);
  fs->append_answer = {};
  file.append("b");
  file.end();
  EXPECT_EQ(file.finish().code(), StatusCode::kResourceExhausted);
  EXPECT_FALSE(file.persistent());
  EXPECT_EQ(fs->written, "a");
  EXPECT_EQ(*in_flight, 0);
}

}  // namespace
}  // namespace weir
