#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "weir/status.h"

/// The packets in which the bytes of a block travel (DataTransferProtocol 28, PacketHeader.java and
/// PacketReceiver.java of Hadoop 3.4.2). Pure.

namespace weir {

inline constexpr size_t kChunkBytes = 512;  ///< bytes that a checksum covers, in blocks of weir

/// A packet that is being filled, and then sent, perhaps repeatedly. Its data starts at a multiple
/// of kChunkBytes of the block. Memory: the data, its checksums and the header, allocated once.
class OutgoingPacket {
 public:
  /// `capacity`: of data, a multiple of kChunkBytes.
  explicit OutgoingPacket(size_t capacity);

  /// Begins anew, at `offset` of a block.
  void reset(int64_t offset);
  /// Takes as many bytes as fit, and returns how many.
  size_t append(std::string_view bytes);

  int64_t offset() const { return offset_; }
  int64_t end() const { return offset_ + static_cast<int64_t>(size_); }
  size_t size() const { return size_; }
  bool full() const { return size_ == capacity_; }

  /// Computes the checksums: the data is final.
  void seal();
  /// The packet's bytes, valid until the next call. `sync`: the DataNodes write the block to disk
  /// before they acknowledge.
  std::string_view encode(int64_t sequence, bool last_in_block, bool sync);

 private:
  const size_t capacity_;
  const size_t data_at_;
  std::string memory_;  ///< room for the header and checksums, then the data
  int64_t offset_ = 0;
  size_t size_ = 0;
};

/// A packet's header as it was received.
struct IncomingPacket {
  int64_t offset = 0;
  size_t data_bytes = 0;
  size_t checksum_bytes = 0;
  bool last_in_block = false;
};

/// The two lengths at the front of each packet.
inline constexpr size_t kPacketPrefixBytes = 6;
inline constexpr size_t kPacketBytesMax = 16 << 20;  ///< as for a DataNode

/// How many bytes of header follow the prefix. UNAVAILABLE if it is not the beginning of a packet.
StatusOr<size_t> packet_header_bytes(std::string_view prefix);
StatusOr<IncomingPacket> parse_packet_header(std::string_view prefix, std::string_view header);

enum class ChecksumKind { kNone, kCrc32, kCrc32c };
/// The position in `data` of the first chunk that its checksum does not fit; npos if all do. The
/// data starts at a multiple of `chunk` of the block.
size_t find_bad_chunk(ChecksumKind kind, size_t chunk, std::string_view data,
                      std::string_view checksums);

}  // namespace weir
