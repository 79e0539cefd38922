#include "fs/hdfs/data/packet.h"

#include <gtest/gtest.h>

#include "base/crc32c.h"
#include "base/strings.h"

namespace weir {
namespace {

TEST(Crc32cTest, KnownValues) {
  EXPECT_EQ(crc32c("123456789"), 0xE3069283u);
  EXPECT_EQ(crc32c(""), 0u);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAu);  // RFC 3720, B.4
  EXPECT_EQ(crc32_of_zlib("123456789"), 0xCBF43926u);
}

TEST(PacketTest, BytesAreThoseOfThePacketOfHadoop) {
  OutgoingPacket packet(1024);
  packet.reset(512);
  EXPECT_EQ(packet.append("abc"), 3u);
  packet.seal();
  std::string expected("\x00\x00\x00\x0B\x00\x19", 6);
  expected += std::string("\x09\x00\x02\x00\x00\x00\x00\x00\x00", 9);  // offset
  expected += std::string("\x11\x07\x00\x00\x00\x00\x00\x00\x00", 9);  // sequence
  expected += std::string("\x18\x00\x25\x03\x00\x00\x00", 7);          // not the last; length
  for (int shift = 24; shift >= 0; shift -= 8)
    expected += static_cast<char>(crc32c("abc") >> shift);
  expected += "abc";
  EXPECT_EQ(to_hex(packet.encode(7, false, false)), to_hex(expected));
}

TEST(PacketTest, WhatIsEncodedIsReadBack) {
  for (const size_t size : {size_t{0}, size_t{1}, size_t{512}, size_t{513}, size_t{1024}}) {
    for (const bool sync : {false, true}) {
      OutgoingPacket packet(1024);
      packet.reset(1 << 30);
      const std::string data(size, 'x');
      ASSERT_EQ(packet.append(data), size);
      EXPECT_EQ(packet.full(), size == 1024);
      packet.seal();
      std::string_view bytes = packet.encode(1, size == 0, sync);
      const std::string_view prefix = bytes.substr(0, kPacketPrefixBytes);
      const auto header_bytes = packet_header_bytes(prefix);
      ASSERT_TRUE(header_bytes.ok());
      const auto header = parse_packet_header(prefix, bytes.substr(6, *header_bytes));
      ASSERT_TRUE(header.ok()) << header.status().to_string();
      EXPECT_EQ(header->offset, 1 << 30);
      EXPECT_EQ(header->data_bytes, size);
      EXPECT_EQ(header->last_in_block, size == 0);
      bytes.remove_prefix(6 + *header_bytes);
      ASSERT_EQ(bytes.size(), header->checksum_bytes + size);
      EXPECT_EQ(bytes.substr(header->checksum_bytes), data);
      EXPECT_EQ(find_bad_chunk(ChecksumKind::kCrc32c, kChunkBytes, data,
                               bytes.substr(0, header->checksum_bytes)),
                std::string_view::npos);
    }
  }
}

TEST(Crc32cTest, ThreePiecesAtATimeHaveTheSameSums) {
  std::string bytes(3 * 512, '\0');
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * i >> 3);
  for (const size_t size : {0, 1, 8, 13, 504, 512}) {
    const auto sums = crc32c_of_three(bytes.data(), size);
    for (size_t i = 0; i < 3; ++i)
      EXPECT_EQ(sums[i], crc32c(std::string_view(bytes).substr(i * size, size))) << size;
  }
}

TEST(PacketTest, BadChunkIsFoundAtAnyPlace) {
  OutgoingPacket packet(8 * 512);
  packet.reset(0);
  std::string data(7 * 512 + 100, 'x');
  packet.append(data);
  packet.seal();
  const std::string bytes(packet.encode(0, false, false));
  const std::string sums = bytes.substr(bytes.size() - data.size() - 32, 32);
  EXPECT_EQ(find_bad_chunk(ChecksumKind::kCrc32c, 512, data, sums), std::string_view::npos);
  for (size_t chunk = 0; chunk < 8; ++chunk) {
    std::string damaged = data;
    damaged[chunk * 512 + 99] ^= 4;
    EXPECT_EQ(find_bad_chunk(ChecksumKind::kCrc32c, 512, damaged, sums), chunk * 512);
  }
}

TEST(PacketTest, FullPacketTakesNoMore) {
  OutgoingPacket packet(512);
  packet.reset(0);
  EXPECT_EQ(packet.append(std::string(600, 'x')), 512u);
  EXPECT_EQ(packet.append("y"), 0u);
  packet.reset(512);
  EXPECT_EQ(packet.append("y"), 1u);
  EXPECT_EQ(packet.end(), 513);
}

TEST(PacketTest, EachDamagedByteIsFound) {
  OutgoingPacket packet(1024);
  packet.reset(0);
  std::string data(700, 'x');
  packet.append(data);
  packet.seal();
  const std::string bytes(packet.encode(0, false, false));
  const std::string sums = bytes.substr(bytes.size() - 708, 8);
  data[0] ^= 1;
  EXPECT_EQ(find_bad_chunk(ChecksumKind::kCrc32c, 512, data, sums), 0u);
  data[0] ^= 1;
  data[699] ^= 1;
  EXPECT_EQ(find_bad_chunk(ChecksumKind::kCrc32c, 512, data, sums), 512u);
  EXPECT_EQ(find_bad_chunk(ChecksumKind::kNone, 512, data, ""), std::string_view::npos);
  EXPECT_EQ(find_bad_chunk(ChecksumKind::kCrc32c, 512, data, sums.substr(4)), 0u);
}

TEST(PacketTest, NonsenseIsRefused) {
  EXPECT_FALSE(packet_header_bytes(std::string(6, '\xFF')).ok());
  EXPECT_FALSE(packet_header_bytes(std::string(6, '\0')).ok());
  const std::string prefix("\x00\x00\x00\x04\x00\x19", 6);
  EXPECT_FALSE(parse_packet_header(prefix, "not a header").ok());
  OutgoingPacket packet(512);
  packet.reset(0);
  packet.append("abc");
  packet.seal();
  // More data than the packet has bytes.
  const std::string_view header = packet.encode(0, false, false).substr(6, 25);
  EXPECT_FALSE(parse_packet_header(prefix, header).ok());
}

}  // namespace
}  // namespace weir
