#include "platform/frame_codec.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/strings.h"
#include "platform/splitmix.h"

namespace weir {
namespace {

std::string encoded(std::string_view frame) {
  const FrameHeader header = frame_header(frame);
  return std::string(header.data(), header.size()).append(frame);
}

struct Decoded {
  std::vector<std::string> frames;
  Status status;
};

/// Decodes a stream that arrives in pieces of `step` bytes.
Decoded decode(const std::string& stream, size_t step, size_t max_frame_bytes = 1 << 20) {
  Decoded decoded;
  FrameDecoder decoder(max_frame_bytes);
  for (size_t at = 0; at < stream.size() && decoded.status.ok(); at += step) {
    decoded.status =
        decoder.feed(std::string_view(stream).substr(at, step),
                     [&](std::string frame) { decoded.frames.push_back(std::move(frame)); });
  }
  return decoded;
}

TEST(FrameCodec, BytesMatchTheFormatsPage) {
  EXPECT_EQ(to_hex(encoded("weir")),
            "04000000"
            "18718141"
            "77656972");
}

TEST(FrameCodec, FramesComeBackHoweverTheStreamIsCut) {
  const std::vector<std::string> frames = {"a", "", std::string(5000, 'x'), "last"};
  std::string stream;
  for (const std::string& frame : frames) stream += encoded(frame);
  for (const size_t step : {1, 2, 3, 7, 8, 9, 4096, 100000}) {
    const Decoded decoded = decode(stream, step);
    EXPECT_TRUE(decoded.status.ok()) << decoded.status.to_string();
    EXPECT_EQ(decoded.frames, frames) << "in pieces of " << step;
  }
}

TEST(FrameCodec, TellsWhetherAFrameIsUnfinished) {
  FrameDecoder decoder(100);
  const std::string stream = encoded("weir");
  const auto none = [](std::string) {};
  EXPECT_FALSE(decoder.in_frame());
  for (size_t i = 0; i < stream.size(); ++i) {
    ASSERT_TRUE(decoder.feed({&stream[i], 1}, none).ok());
    EXPECT_EQ(decoder.in_frame(), i + 1 < stream.size()) << i;
  }
}

TEST(FrameCodec, AnyFlippedBitIsNoticedBeforeTheFrameIsDelivered) {
  const std::string good = encoded("some bytes");
  for (size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << bit % 8));
    const Decoded decoded = decode(bad, bad.size());
    // A flip that enlarges the length leaves an unfinished frame.
    EXPECT_TRUE(decoded.frames.empty()) << "bit " << bit;
    if (bit >= 32) { EXPECT_EQ(decoded.status.code(), StatusCode::kDataLoss) << "bit " << bit; }
  }
}

TEST(FrameCodec, LengthAboveTheLimitIsRefusedWithItsHeader) {
  const std::string at_limit = encoded(std::string(10, 'x'));
  EXPECT_TRUE(decode(at_limit, 100, 10).status.ok());
  const Decoded above = decode(encoded(std::string(11, 'x')).substr(0, kFrameHeaderBytes), 100, 10);
  EXPECT_EQ(above.status.code(), StatusCode::kDataLoss);
  EXPECT_NE(above.status.message().find("11 bytes"), std::string::npos) << above.status.to_string();
}

TEST(FrameCodec, RandomBytesNeverGiveAFrame) {
  for (uint64_t seed = 1; seed <= 2000; ++seed) {
    std::string stream;
    for (uint64_t i = 0; i < 8; ++i) {
      const uint64_t word = splitmix_output(seed * 100 + i);
      stream.append(reinterpret_cast<const char*>(&word), sizeof word);
    }
    // Short lengths, so that checksums are checked.
    for (size_t i = 1; i < 4; ++i) stream[i] = 0;
    EXPECT_TRUE(decode(stream, 1 + seed % 70).frames.empty()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace weir
