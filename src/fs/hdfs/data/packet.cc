#include "fs/hdfs/data/packet.h"

#include <algorithm>
#include <cstring>

#include "base/crc32c.h"
#include "base/strings.h"
#include "fs/hdfs/rpc/delimited.h"
#include "fs/hdfs/rpc/hadoop.pb.h"

namespace weir {
namespace {

constexpr size_t kHeaderBytesMax = 27;  // 25, and 2 if it asks for a sync
constexpr size_t kChecksumBytes = 4;

size_t chunks_in(size_t bytes) { return (bytes + kChunkBytes - 1) / kChunkBytes; }

void write_be32(uint32_t value, char* to) {
  for (int i = 0; i < 4; ++i) to[i] = static_cast<char>(value >> (24 - 8 * i));
}

/// Writes the checksum of each chunk; the last chunk may be shorter.
void write_checksums(ChecksumKind kind, size_t chunk, std::string_view data, char* to) {
  size_t at = 0;
  for (; kind == ChecksumKind::kCrc32c && data.size() - at >= 3 * chunk; at += 3 * chunk) {
    for (const uint32_t sum : crc32c_of_three(data.data() + at, chunk)) {
      write_be32(sum, to);
      to += kChecksumBytes;
    }
  }
  for (; at < data.size(); at += chunk, to += kChecksumBytes) {
    const std::string_view bytes = data.substr(at, chunk);
    write_be32(kind == ChecksumKind::kCrc32c ? crc32c(bytes) : crc32_of_zlib(bytes), to);
  }
}

}  // namespace

OutgoingPacket::OutgoingPacket(size_t capacity)
    : capacity_(capacity),
      data_at_(kPacketPrefixBytes + kHeaderBytesMax + chunks_in(capacity) * kChecksumBytes) {
  memory_.resize(data_at_ + capacity_);
}

void OutgoingPacket::reset(int64_t offset) {
  offset_ = offset;
  size_ = 0;
}

size_t OutgoingPacket::append(std::string_view bytes) {
  const size_t taken = std::min(bytes.size(), capacity_ - size_);
  std::memcpy(memory_.data() + data_at_ + size_, bytes.data(), taken);
  size_ += taken;
  return taken;
}

void OutgoingPacket::seal() {
  const std::string_view data(memory_.data() + data_at_, size_);
  write_checksums(ChecksumKind::kCrc32c, kChunkBytes, data,
                  memory_.data() + data_at_ - chunks_in(size_) * kChecksumBytes);
}

std::string_view OutgoingPacket::encode(int64_t sequence, bool last_in_block, bool sync) {
  hadoop::PacketHeader header;
  header.set_offsetinblock(offset_);
  header.set_seqno(sequence);
  header.set_lastpacketinblock(last_in_block);
  header.set_datalen(static_cast<int32_t>(size_));
  if (sync) header.set_syncblock(true);
  const size_t header_bytes = header.ByteSizeLong();
  const size_t checksums = chunks_in(size_) * kChecksumBytes;
  char* const begin = memory_.data() + data_at_ - checksums - header_bytes - kPacketPrefixBytes;
  write_be32(static_cast<uint32_t>(4 + checksums + size_), begin);
  begin[4] = static_cast<char>(header_bytes >> 8);
  begin[5] = static_cast<char>(header_bytes);
  header.SerializeWithCachedSizesToArray(reinterpret_cast<uint8_t*>(begin + kPacketPrefixBytes));
  return {begin, kPacketPrefixBytes + header_bytes + checksums + size_};
}

StatusOr<size_t> packet_header_bytes(std::string_view prefix) {
  const size_t payload = read_be32(prefix.data());
  const size_t header = static_cast<size_t>(static_cast<unsigned char>(prefix[4])) << 8 |
                        static_cast<unsigned char>(prefix[5]);
  if (payload < 4 || payload > kPacketBytesMax)
    return unavailable(cat("it sent a packet with the length ", payload));
  return header;
}

StatusOr<IncomingPacket> parse_packet_header(std::string_view prefix, std::string_view header) {
  hadoop::PacketHeader parsed;
  if (!parse_message(header, &parsed))
    return unavailable("it sent a packet whose header cannot be read");
  const size_t payload = read_be32(prefix.data()) - 4;
  if (parsed.datalen() < 0 || static_cast<size_t>(parsed.datalen()) > payload ||
      parsed.offsetinblock() < 0)
    return unavailable(cat("it sent a packet of ", payload, " bytes with ", parsed.datalen(),
                           " bytes of data at ", parsed.offsetinblock()));
  IncomingPacket packet;
  packet.offset = parsed.offsetinblock();
  packet.data_bytes = static_cast<size_t>(parsed.datalen());
  packet.checksum_bytes = payload - packet.data_bytes;
  packet.last_in_block = parsed.lastpacketinblock();
  return packet;
}

size_t find_bad_chunk(ChecksumKind kind, size_t chunk, std::string_view data,
                      std::string_view checksums) {
  if (kind == ChecksumKind::kNone) return std::string_view::npos;
  if (checksums.size() != (data.size() + chunk - 1) / chunk * kChecksumBytes) return 0;
  std::string computed(checksums.size(), '\0');
  write_checksums(kind, chunk, data, computed.data());
  const auto differs = std::mismatch(computed.begin(), computed.end(), checksums.begin()).first;
  if (differs == computed.end()) return std::string_view::npos;
  return static_cast<size_t>(differs - computed.begin()) / kChecksumBytes * chunk;
}

}  // namespace weir
