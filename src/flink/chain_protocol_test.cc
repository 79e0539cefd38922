#include "flink/chain_protocol.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

using namespace std::string_literals;

TEST(ChainProtocol, FrameIsAHeaderAndABatch) {
  BinaryWriter out;
  put_frame_header(out, {2, 77, 5, 0x12345678});
  out.put_raw("batch");
  EXPECT_EQ(out.buffer(), "\0\1\0\2\0\0\0\x4D\0\0\0\5\x12\x34\x56\x78"s + "batch");
  const auto frame = decode_frame(out.buffer());
  ASSERT_TRUE(frame.ok());
  EXPECT_EQ(frame->header, (FrameHeader{2, 77, 5, 0x12345678}));
  EXPECT_EQ(frame->batch, "batch");
  EXPECT_FALSE(decode_frame(out.buffer().substr(0, 15)).ok());
}

TEST(ChainProtocol, OpenRoundTripsAndIsRefusedWhenTruncated) {
  OpenRequest request;
  request.fingerprint = murmur3_128("job");
  request.vertex = 3;
  request.subtask = 1;
  request.parallelism = 4;
  request.max_parallelism = 256;
  request.attempt = 2;
  request.restored = 17;
  request.start = ChainStart::kFromFlink;
  request.build = 9;
  request.elements = {"one", "", "three"};
  BinaryWriter out;
  put_open(out, request);
  const auto read = decode_open(out.buffer());
  ASSERT_TRUE(read.ok()) << read.status().to_string();
  EXPECT_EQ(*read, request);
  for (size_t length = 0; length < out.size(); ++length)
    EXPECT_FALSE(decode_open(out.buffer().substr(0, length)).ok()) << length;
  EXPECT_FALSE(decode_open(out.buffer() + "x").ok());
}

TEST(ChainProtocol, ImpossiblePlacesAreRefused) {
  for (const auto& change : std::vector<void (*)(OpenRequest&)>{
           [](OpenRequest& r) { r.subtask = 1; }, [](OpenRequest& r) { r.subtask = -1; },
           [](OpenRequest& r) { r.parallelism = 0; }, [](OpenRequest& r) { r.parallelism = 200; },
           [](OpenRequest& r) { r.max_parallelism = 40000; },
           [](OpenRequest& r) { r.vertex = -1; }}) {
    OpenRequest request;
    change(request);
    BinaryWriter out;
    put_open(out, request);
    EXPECT_EQ(decode_open(out.buffer()).status().code(), StatusCode::kDataLoss);
  }
}

TEST(ChainProtocol, CallsHaveNames) {
  EXPECT_EQ(name_of(ChainCall::kOpen), "OPEN");
  EXPECT_EQ(name_of(ChainCall::kSnapshotChunk), "SNAPSHOT_CHUNK");
  EXPECT_EQ(name_of(ChainCall::kClose), "CLOSE");
  EXPECT_EQ(name_of(ChainCall{0}), "call 0");
}

}  // namespace
}  // namespace weir
