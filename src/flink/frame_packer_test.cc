#include "flink/frame_packer.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "flink/test_chain.h"

namespace weir {
namespace {

struct Packed {
  FrameHeader header;
  Pairs batch;
};

class FramePackerTest : public testing::Test {
 protected:
  FramePackerTest() {
    reply_.begin();
    graph_ = three_vertices(reading({}, 1), {summing()});
  }
  std::unique_ptr<FramePacker> packer(int vertex) {
    return FramePacker::create(graph_, vertex, 5, world_.clock(), reply_).value();
  }
  /// The frames written since the last call.
  std::vector<Packed> frames() {
    std::vector<Packed> all;
    const std::string bytes(reply_.finish(0, 0));
    BinaryReader in(std::string_view(bytes).substr(14));
    const uint32_t outputs = in.get_u32();
    for (uint32_t i = 0; i < outputs; ++i) {
      EXPECT_EQ(in.get_u8(), 1);
      const auto frame = decode_frame(in.get_bytes());
      EXPECT_TRUE(frame.ok());
      Packed& packed = all.emplace_back();
      packed.header = frame->header;
      EXPECT_TRUE(detail::record_codec<Pair>()->decode(frame->batch, packed.batch).ok());
      EXPECT_EQ(packed.batch.size(), packed.header.count);
    }
    EXPECT_EQ(in.get_u16(), 0);
    EXPECT_TRUE(in.ok() && in.remaining() == 0);
    reply_.begin();
    return all;
  }
  static Pairs batch(std::vector<Pair> pairs, Timestamp timestamp = kNoTimestamp) {
    Pairs batch;
    for (const Pair& pair : pairs) batch.add(pair, timestamp);
    return batch;
  }

  TestWorld world_;
  JobGraph graph_;
  ReplyWriter reply_;
};

TEST_F(FramePackerTest, HashEdgeHasAFramePerKeyGroupInRecordOrder) {
  const auto packer = this->packer(0);
  for (int round = 0; round < 3; ++round) {
    Pairs records = batch({{1, round}, {2, round}, {3, round}});
    packer->emit(0, records);
    EXPECT_TRUE(records.empty());
  }
  EXPECT_EQ(packer->gathered(), 9u);
  EXPECT_TRUE(frames().empty());
  packer->flush();
  const auto packed = frames();
  ASSERT_EQ(packed.size(), 3u);
  for (const Packed& frame : packed) {
    ASSERT_EQ(frame.batch.size(), 3u);
    const int32_t key = frame.batch.records[0].first;
    EXPECT_EQ(frame.header, (FrameHeader{0, TestCaller::group_of(key), 3, 5}));
    EXPECT_EQ(frame.batch.key_hashes.size(), 3u);
    for (int round = 0; round < 3; ++round)
      EXPECT_EQ(frame.batch.records[round], (Pair{key, round}));
  }
  packer->flush();
  EXPECT_TRUE(frames().empty()) << "nothing twice";
}

TEST_F(FramePackerTest, OtherEdgesHaveOneFrame) {
  const auto packer = this->packer(1);
  Pairs first = batch({{1, 1}}), second = batch({{2, 2}, {3, 3}});
  packer->emit(0, first);
  packer->emit(0, second);
  packer->flush();
  const auto packed = frames();
  ASSERT_EQ(packed.size(), 1u);
  EXPECT_EQ(packed[0].header, (FrameHeader{1, -1, 3, 5}));
  EXPECT_EQ(packed[0].batch.records, (std::vector<Pair>{{1, 1}, {2, 2}, {3, 3}}));
}

TEST_F(FramePackerTest, EachEdgeHasItsOwnRecords) {
  graph_.edges.push_back(
      {1, 2, Partitioning::kHash, graph_.edges[0].hasher, graph_.edges[0].codec});
  const auto packer = this->packer(1);
  ASSERT_EQ(packer->edges(), 2u);
  Pairs first = batch({{1, 1}}), second = batch({{2, 2}});
  packer->emit(1, second);
  packer->emit(0, first);
  EXPECT_EQ(packer->gathered(), 2u);
  packer->flush();
  const auto packed = frames();
  ASSERT_EQ(packed.size(), 2u);
  EXPECT_EQ(packed[0].header, (FrameHeader{1, -1, 1, 5}));
  EXPECT_EQ(packed[0].batch.records, (std::vector<Pair>{{1, 1}}));
  EXPECT_EQ(packed[1].header, (FrameHeader{2, TestCaller::group_of(2), 1, 5}));
  EXPECT_EQ(packed[1].batch.records, (std::vector<Pair>{{2, 2}}));
}

TEST_F(FramePackerTest, RecordsWithAndWithoutTimestampsAreNotMixed) {
  const auto packer = this->packer(0);
  Pairs timed = batch({{1, 1}}, 70), bare = batch({{1, 2}});
  packer->emit(0, timed);
  packer->emit(0, bare);
  packer->flush();
  const auto packed = frames();
  ASSERT_EQ(packed.size(), 2u);
  EXPECT_EQ(packed[0].batch.timestamps, (std::vector<Timestamp>{70}));
  EXPECT_TRUE(packed[1].batch.timestamps.empty());
}

TEST_F(FramePackerTest, FramesLeaveWhenEnoughRecordsAreBuffered) {
  const auto packer = this->packer(1);
  size_t written = 0, largest = 0;
  for (int i = 0; i < 2000; ++i) {
    Pairs records = batch(std::vector<Pair>(100, {1, i}));
    packer->emit(0, records);
    EXPECT_LT(packer->gathered(), FramePacker::kMaxRecords);
    for (const Packed& frame : frames()) {
      written += frame.header.count;
      largest = std::max<size_t>(largest, frame.header.count);
    }
  }
  EXPECT_EQ(written + packer->gathered(), 200'000u);
  EXPECT_GE(largest, FramePacker::kMaxRecords - 800) << "small records come in thousands";
}

TEST_F(FramePackerTest, KnowsTheArrivalTimeOfTheOldestRecord) {
  const auto packer = this->packer(1);
  Pairs first = batch({{1, 1}}), second = batch({{1, 1}});
  packer->emit(0, first);
  world_.ms += 7;
  packer->emit(0, second);
  EXPECT_EQ(packer->since(), std::chrono::milliseconds(world_.ms - 7));
  packer->flush();
  EXPECT_EQ(packer->gathered(), 0u);
}

TEST_F(FramePackerTest, RecordAboveTheLimitIsRefused) {
  const auto packer = this->packer(1);
  const size_t bytes = detail::record_codec<Pair>()->record_bytes(batch({{1, 1}}), 0);
  EXPECT_TRUE(packer->check(0, batch({{1, 1}}), bytes).ok());
  EXPECT_NE(packer->check(0, batch({{1, 1}}), bytes - 1).message().find("weir.max-record-size"),
            std::string::npos);
}

TEST_F(FramePackerTest, EdgeWithoutSerializerIsRefused) {
  graph_.edges[1].codec = nullptr;
  EXPECT_EQ(FramePacker::create(graph_, 1, 5, world_.clock(), reply_).status().message(),
            "the records between 'middle' and 'end' cannot leave the process: their type has no "
            "Serializer");
}

}  // namespace
}  // namespace weir
