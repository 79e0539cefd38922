#include <gtest/gtest.h>

#include <atomic>

#include "fs/hdfs/data/model_hdfs_test.h"
#include "fs/hdfs/native_readable_file.h"
#include "fs/hdfs/native_writable_file.h"

namespace weir {
namespace {

std::string some_bytes(size_t count) {
  std::string bytes(count, '\0');
  uint32_t random = 7;
  for (char& c : bytes) c = static_cast<char>((random = random * 1664525 + 1013904223) >> 24);
  return bytes;
}

class NativeFilesTest : public testing::Test {
 protected:
  std::shared_ptr<NativeHdfs> shared(ModelHdfs& model) {
    auto hdfs = std::make_shared<NativeHdfs>();
    hdfs->namenode = model.namenode();
    hdfs->dialer = model.dialer();
    hdfs->client_name = "writer";
    hdfs->silence = std::chrono::seconds(20);
    hdfs->leases = std::make_shared<LeaseKeeper>([] {});
    return hdfs;
  }
  /// Writes blocks of 16 KiB.
  Status write(ModelHdfs& model, std::string_view bytes) {
    BlockSenderOptions options;
    options.block_bytes = 16 << 10;
    options.packet_bytes = 1 << 10;
    NativeWritableFile file(shared(model), {"/f", 7, "writer"}, options);
    const Status status = file.append(bytes);
    return status.ok() ? file.close() : status;
  }
  std::unique_ptr<ReadableFile> open(ModelHdfs& model) {
    auto file = NativeReadableFile::open(shared(model), "/f");
    EXPECT_TRUE(file.ok()) << file.status().to_string();
    return file.ok() ? *std::move(file) : nullptr;
  }

  const std::string bytes_ = some_bytes(50'001);
  std::string out_;
};

TEST_F(NativeFilesTest, CloseAsksAgainUntilTheBlockIsReported) {
  ModelHdfs model(3, 3);
  model.not_yet = 5;
  ASSERT_EQ(write(model, "hello").to_string(), "OK");
  EXPECT_TRUE(model.closed);
  EXPECT_EQ(model.now(), std::chrono::milliseconds(2 + 4 + 8 + 16 + 32));
}

TEST_F(NativeFilesTest, CloseThatIsNeverCompleteFails) {
  ModelHdfs model(3, 3);
  model.not_yet = INT32_MAX;
  const Status status = write(model, "hello");
  EXPECT_EQ(status.code(), StatusCode::kUnavailable) << status.to_string();
  EXPECT_LT(model.now(), std::chrono::seconds(62));
}

TEST_F(NativeFilesTest, WriterWhoseFileIsGoneLearnsItAtClose) {
  ModelHdfs model(3, 3);
  NativeWritableFile file(shared(model), {"/f", 7, "writer"}, {});
  ASSERT_TRUE(file.append("hello").ok());
  model.gone = true;
  EXPECT_EQ(file.close().code(), StatusCode::kDataLoss);
  EXPECT_EQ(file.close().code(), StatusCode::kFailedPrecondition);
}

TEST_F(NativeFilesTest, AnyRangeIsRead) {
  ModelHdfs model(3, 3);
  ASSERT_EQ(write(model, bytes_).to_string(), "OK");
  auto file = open(model);
  ASSERT_EQ(file->size(), 50'001);
  for (const int64_t offset : {0, 1, 511, 512, 513, 16383, 16384, 16385, 40000, 50000, 50001}) {
    for (const int64_t length : {1, 2, 512, 16384, 40000, 100000}) {
      ASSERT_EQ(file->read_at(offset, length, &out_).to_string(), "OK") << offset << " " << length;
      ASSERT_TRUE(out_ == bytes_.substr(static_cast<size_t>(offset), static_cast<size_t>(length)))
          << offset << " " << length;
    }
  }
}

TEST_F(NativeFilesTest, DamagedReplicaIsLeftForTheNext) {
  ModelHdfs model(3, 3);
  ASSERT_EQ(write(model, bytes_).to_string(), "OK");
  model.node(0).damages_reads = 1;
  auto file = open(model);
  ASSERT_EQ(file->read_at(0, 50'001, &out_).to_string(), "OK");
  EXPECT_TRUE(out_ == bytes_);
}

TEST_F(NativeFilesTest, DamageOfAllReplicasIsDataLoss) {
  ModelHdfs model(2, 2);
  ASSERT_EQ(write(model, bytes_).to_string(), "OK");
  model.node(0).damages_reads = model.node(1).damages_reads = 100;
  auto file = open(model);
  const Status status = file->read_at(0, 50'001, &out_);
  EXPECT_EQ(status.code(), StatusCode::kDataLoss) << status.to_string();
  EXPECT_NE(status.message().find("hdfs fsck /f"), std::string_view::npos) << status.to_string();
}

TEST_F(NativeFilesTest, DeadAndHungNodesAreLeftForTheNext) {
  ModelHdfs model(3, 3);
  ASSERT_EQ(write(model, bytes_).to_string(), "OK");
  auto file = open(model);
  ASSERT_TRUE(file->read_at(0, 100, &out_).ok());
  model.node(0).alive = false;
  model.node(1).hangs = true;
  ASSERT_EQ(file->read_at(100, 49'901, &out_).to_string(), "OK");
  EXPECT_TRUE(out_ == bytes_.substr(100));
  EXPECT_LE(model.now(), std::chrono::seconds(11));
}

TEST_F(NativeFilesTest, NodeThatComesBackIsTriedAgain) {
  ModelHdfs model(1, 1);
  ASSERT_EQ(write(model, bytes_).to_string(), "OK");
  auto file = open(model);
  model.node(0).alive = false;
  const Status status = file->read_at(0, 10, &out_);
  EXPECT_EQ(status.code(), StatusCode::kUnavailable) << status.to_string();
  model.node(0).alive = true;
  EXPECT_EQ(file->read_at(0, 10, &out_).to_string(), "OK");
  EXPECT_EQ(out_, bytes_.substr(0, 10));
}

TEST_F(NativeFilesTest, OpenFilesHaveTheirLeaseRenewed) {
  std::atomic<int> renewals{0};
  Wakeup renewed;
  LeaseKeeper keeper(
      [&] {
        ++renewals;
        renewed.wake();
      },
      std::chrono::milliseconds(1));
  EXPECT_EQ(renewals, 0);
  keeper.file_opened();
  while (renewals < 2) renewed.wait(std::chrono::seconds(1));
  keeper.file_closed();
}

}  // namespace
}  // namespace weir
