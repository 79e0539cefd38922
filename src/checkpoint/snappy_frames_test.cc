#include "checkpoint/snappy_frames.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "base/strings.h"

namespace weir {
namespace {

std::string frames_of(const std::vector<std::string>& streams) {
  std::string frames;
  SnappyFrameWriter writer(frames);
  for (const std::string& stream : streams) {
    writer.add(stream);
    writer.finish();
  }
  return frames;
}

std::string content(size_t size, bool random) {
  std::mt19937 generator(static_cast<unsigned>(size));
  std::string bytes(size, 'x');
  for (size_t i = 0; i < size && random; ++i) bytes[i] = static_cast<char>(generator());
  return bytes;
}

// Made by snappy-java 1.1.10, SnappyFramedOutputStream, which Flink uses.
TEST(SnappyFrames, AreThoseOfFlink) {
  EXPECT_EQ(to_hex(frames_of({"hello"})), "ff060000734e6150705901090000bb1f1c1968656c6c6f");
  EXPECT_EQ(to_hex(frames_of({std::string(100, 'a')})),
            "ff060000734e61507059000d00001fa8b5fd640061fe01008a0100");
}

TEST(SnappyFrames, ReturnWhatWasWritten) {
  for (const size_t size : {0, 1, 65535, 65536, 65537, 131072, 300'000}) {
    for (const bool random : {false, true}) {
      const std::string expected = content(size, random);
      std::string read = "before ";
      const Status status = read_snappy_frames(frames_of({expected}), &read);
      ASSERT_TRUE(status.ok()) << status.to_string();
      EXPECT_EQ(read, "before " + expected) << size;
    }
  }
}

TEST(SnappyFrames, OfSeveralStreamsAreReadAsOne) {
  const std::string frames = frames_of({"one ", "", "two ", std::string(70'000, '3')});
  std::string read;
  ASSERT_TRUE(read_snappy_frames(frames, &read).ok());
  EXPECT_EQ(read, "one two " + std::string(70'000, '3'));
}

TEST(SnappyFrames, DoNotDependOnHowTheBytesArrive) {
  const std::string bytes = content(200'000, true);
  for (const size_t piece : {1, 1000, 65536, 70'000}) {
    std::string frames;
    SnappyFrameWriter writer(frames);
    for (size_t at = 0; at < bytes.size(); at += piece)
      writer.add(std::string_view(bytes).substr(at, piece));
    writer.finish();
    EXPECT_EQ(frames, frames_of({bytes})) << piece;
  }
}

TEST(SnappyFrames, CutOffAnywhereAreRefusedOrEndWithAChunk) {
  const std::string frames = frames_of({content(65536 + 100, false)});
  int whole = 0;
  for (size_t size = 1; size < frames.size(); ++size) {
    std::string read;
    const Status status = read_snappy_frames(std::string_view(frames).substr(0, size), &read);
    if (status.ok()) ++whole;
    else EXPECT_EQ(status.code(), StatusCode::kDataLoss) << size;
  }
  EXPECT_EQ(whole, 2) << "after the identifier and after the first of two chunks";
}

TEST(SnappyFrames, NameTheDamage) {
  const auto message = [](std::string frames) {
    std::string read;
    return std::string(read_snappy_frames(frames, &read).message());
  };
  std::string frames = frames_of({"hello"});
  EXPECT_NE(message("hello").find("5 bytes that Snappy should have compressed do not begin with"),
            std::string::npos);
  std::string other = frames;
  other[10] = '\x80';
  EXPECT_NE(message(other).find("a chunk at byte 10 of 23 bytes that Snappy has compressed is "
                                "damaged: its type 128 is unknown"),
            std::string::npos);
  other = frames;
  other.back() = 'x';
  EXPECT_NE(message(other).find("its checksum is wrong"), std::string::npos);
  other = frames;
  other[12] = '\xFF';
  EXPECT_NE(message(other).find("of which 9 are there"), std::string::npos);
}

// A chunk of some bytes must not make the reader take gigabytes.
TEST(SnappyFrames, RefuseALengthBeyondABlock) {
  std::string frames = frames_of({std::string(100, 'a')});
  const std::string head = frames.substr(0, 18);
  const std::string huge = head + "\xFF\xFF\xFF\xFF\x07" + frames.substr(19);
  std::string with_length = huge;
  with_length[11] = static_cast<char>(huge.size() - 14);
  std::string read;
  const Status status = read_snappy_frames(with_length, &read);
  EXPECT_NE(status.message().find("it is said to have 2147483647 bytes of at most 65536"),
            std::string::npos)
      << status.to_string();
  EXPECT_LT(read.capacity(), 100'000u);
}

}  // namespace
}  // namespace weir
