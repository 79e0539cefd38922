#include "fs/hdfs/data/block_sender.h"

#include <gtest/gtest.h>

#include "fs/hdfs/data/model_hdfs_test.h"
#include "platform/splitmix.h"

namespace weir {
namespace {

std::string some_bytes(size_t count) {
  std::string bytes(count, '\0');
  uint32_t random = 7;
  for (char& c : bytes) c = static_cast<char>((random = random * 1664525 + 1013904223) >> 24);
  return bytes;
}

/// Blocks of 16 KiB, packets of 1 KiB, and four packets in memory.
BlockSenderOptions small_options() {
  BlockSenderOptions options;
  options.block_bytes = 16 << 10;
  options.packet_bytes = 1 << 10;
  options.window_packets = 4;
  options.silence = std::chrono::seconds(10);
  return options;
}

/// Writes in pieces of odd sizes; `disturb` is called before each.
Status send(ModelHdfs& hdfs, std::string_view bytes,
            const std::function<void(size_t)>& disturb = {},
            const BlockSenderOptions& options = small_options()) {
  BlockSender sender(hdfs.namenode(), hdfs.dialer(), {"/f", 7, "writer"}, options);
  size_t at = 0;
  for (size_t piece = 1; at < bytes.size(); piece = piece * 3 % 1777 + 1) {
    if (disturb) disturb(at);
    const Status status = sender.append(bytes.substr(at, piece));
    if (!status.ok()) return status;
    at += std::min(piece, bytes.size() - at);
  }
  const Status status = sender.finish();
  // complete() tells the NameNode the last length.
  if (status.ok() && sender.last() != nullptr) {
    hadoop::CompleteRequest request;
    request.set_src("/f");
    request.set_clientname("writer");
    *request.mutable_last() = sender.last()->b();
    hadoop::CompleteResponse response;
    static const std::string kPath = "/f";
    return hdfs.namenode()->call({"complete", "close", kPath}, request, &response).status;
  }
  return status;
}

TEST(BlockSenderTest, BytesReachAllNodesInOrder) {
  for (const size_t size : {size_t{1}, size_t{512}, size_t{1024}, size_t{16383}, size_t{16384},
                            size_t{16385}, size_t{50000}}) {
    ModelHdfs hdfs(3, 3);
    const std::string bytes = some_bytes(size);
    ASSERT_EQ(send(hdfs, bytes).to_string(), "OK");
    EXPECT_TRUE(hdfs.content() == bytes) << size << ": " << hdfs.content().substr(0, 60);
    ASSERT_EQ(hdfs.blocks().size(), (size + 16383) / 16384);
    for (size_t i = 0; i < hdfs.blocks().size(); ++i) EXPECT_EQ(hdfs.replicas_of(i), 3);
    EXPECT_TRUE(hdfs.node(0).replicas.begin()->second.synced);
  }
}

TEST(BlockSenderTest, EmptyFileHasNoBlock) {
  ModelHdfs hdfs(1, 1);
  ASSERT_EQ(send(hdfs, "").to_string(), "OK");
  EXPECT_TRUE(hdfs.calls().empty());
}

TEST(BlockSenderTest, WithoutSyncNoNodeIsAskedFor) {
  ModelHdfs hdfs(1, 1);
  auto options = small_options();
  options.sync = false;
  ASSERT_EQ(send(hdfs, "x", {}, options).to_string(), "OK");
  EXPECT_FALSE(hdfs.node(0).replicas.begin()->second.synced);
}

TEST(BlockSenderTest, BlockThatIsWhollyInMemoryGoesToOtherNodesFromItsStart) {
  for (const int victim : {0, 1, 2}) {
    ModelHdfs hdfs(5, 3);
    hdfs.node(victim).packets_until_death = 2;
    const std::string bytes = some_bytes(4000);
    ASSERT_EQ(send(hdfs, bytes).to_string(), "OK");
    EXPECT_TRUE(hdfs.content() == bytes) << hdfs.content().substr(0, 60);
    EXPECT_EQ(hdfs.replicas_of(0), 3);
    EXPECT_NE(std::find(hdfs.calls().begin(), hdfs.calls().end(), "abandonBlock"),
              hdfs.calls().end());
  }
}

TEST(BlockSenderTest, LongerBlockGoesOnWithTheNodesThatAreLeft) {
  for (const int victim : {0, 1, 2}) {
    ModelHdfs hdfs(5, 3);
    hdfs.node(victim).packets_until_death = 9;
    const std::string bytes = some_bytes(40000);
    ASSERT_EQ(send(hdfs, bytes).to_string(), "OK") << victim;
    EXPECT_TRUE(hdfs.content() == bytes) << hdfs.content().substr(0, 60);
    EXPECT_EQ(hdfs.replicas_of(0), 2);
    EXPECT_EQ(hdfs.replicas_of(1), 3);  // the next block avoids the dead node
    EXPECT_EQ(std::count(hdfs.calls().begin(), hdfs.calls().end(), "updatePipeline"), 1);
  }
}

TEST(BlockSenderTest, FaultAtTheLastPacketIsRecoveredFrom) {
  for (const int victim : {0, 1, 2}) {
    ModelHdfs hdfs(5, 3);
    hdfs.node(victim).packets_until_death = 16;  // all data of the block
    const std::string bytes = some_bytes(16384);
    ASSERT_EQ(send(hdfs, bytes).to_string(), "OK") << victim;
    EXPECT_TRUE(hdfs.content() == bytes) << hdfs.content().substr(0, 60);
    EXPECT_EQ(hdfs.replicas_of(0), 2);
  }
}

TEST(BlockSenderTest, NodesThatCannotBeReachedAtTheStartAreAvoided) {
  ModelHdfs hdfs(5, 3);
  hdfs.node(0).alive = hdfs.node(2).alive = false;
  const std::string bytes = some_bytes(20000);
  ASSERT_EQ(send(hdfs, bytes).to_string(), "OK");
  EXPECT_TRUE(hdfs.content() == bytes) << hdfs.content().substr(0, 60);
  EXPECT_EQ(hdfs.replicas_of(0), 3);
}

TEST(BlockSenderTest, HungNodeIsLeftAfterTheSilence) {
  for (const int victim : {0, 1, 2}) {
    ModelHdfs hdfs(4, 3);
    const std::string bytes = some_bytes(3000);
    ASSERT_EQ(
        send(hdfs, bytes, [&](size_t at) { hdfs.node(victim).hangs = at > 1500; }).to_string(),
        "OK")
        << victim;
    EXPECT_TRUE(hdfs.content() == bytes) << hdfs.content().substr(0, 60);
    EXPECT_LT(hdfs.now(), std::chrono::minutes(2));
  }
}

TEST(BlockSenderTest, WithoutANodeThatHasTheBytesTheWriteFails) {
  ModelHdfs hdfs(3, 1);
  hdfs.node(0).packets_until_death = 9;
  const Status status = send(hdfs, some_bytes(16000));
  EXPECT_EQ(status.code(), StatusCode::kUnavailable) << status.to_string();
  EXPECT_NE(status.message().find("cannot write /f on HDFS: no DataNode of its block is left"),
            std::string_view::npos)
      << status.to_string();
}

TEST(BlockSenderTest, WithoutAnyNodeTheWriteEndsWithTheReport) {
  ModelHdfs hdfs(2, 2);
  hdfs.node(0).alive = hdfs.node(1).alive = false;
  const Status status = send(hdfs, "x");
  EXPECT_EQ(status.code(), StatusCode::kUnavailable) << status.to_string();
  EXPECT_NE(status.message().find("dfsadmin -report"), std::string_view::npos)
      << status.to_string();
}

TEST(BlockSenderTest, FileThatSomebodyRemovedIsNoticedAtTheNextBlock) {
  ModelHdfs hdfs(1, 1);
  const Status status = send(hdfs, some_bytes(40000), [&](size_t at) { hdfs.gone = at > 3000; });
  EXPECT_EQ(status.code(), StatusCode::kDataLoss) << status.to_string();
}

/// Nodes die and hang at random moments, as long as one is left of each block. What was reported as
/// written is there.
TEST(BlockSenderTest, RandomFaultsLoseNothing) {
  int finished = 0;
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    uint64_t state = seed << 32;
    const auto random = [&state] { return splitmix_output(state += kSplitmixGamma); };
    ModelHdfs hdfs(6, 3);
    const std::string bytes = some_bytes(1 + random() % 60000);
    for (int i = 0; i < 2; ++i)
      hdfs.node(static_cast<int>(random() % 6)).packets_until_death =
          static_cast<int>(random() % 70);
    const int hung = static_cast<int>(random() % 6);
    const size_t hangs_at = random() % 60000;
    const Status status = send(hdfs, bytes, [&](size_t at) {
      if (at > hangs_at) hdfs.node(hung).hangs = true;
    });
    if (!status.ok()) continue;
    ++finished;
    ASSERT_TRUE(hdfs.content() == bytes) << "seed " << seed << ": " << hdfs.content().substr(0, 60);
  }
  EXPECT_GT(finished, 250);
}

}  // namespace
}  // namespace weir
