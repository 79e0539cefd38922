#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "fs/hdfs/data/data_node_dialer.h"
#include "fs/hdfs/data/packet.h"

namespace weir {
namespace hadoop {
class LocatedBlock;
}

/// Why a replica cannot be read.
struct ReadFault {
  Status status;
  bool damaged = false;        ///< its bytes do not fit their checksums
  bool token_expired = false;  ///< fetch the block's location again
};

/// A stream of bytes of one replica of a block, each checked by its checksum (READ_BLOCK;
/// BlockReaderRemote.java of Hadoop 3.4.2). Memory: at most one packet. Thread: one at a time.
class BlockReader {
 public:
  struct Request {
    const hadoop::LocatedBlock& block;
    int node = 0;  ///< which of the block's nodes
    int64_t offset = 0;
    int64_t length = 0;
    const std::string& client_name;
  };

  /// Null: see `*fault`.
  static std::unique_ptr<BlockReader> open(const DataNodeDialer& dialer,
                                           std::chrono::milliseconds silence,
                                           const Request& request, ReadFault* fault);

  /// Reads exactly `bytes` bytes to `to`. False: see `*fault`; left() tells how many are good.
  bool read(int64_t bytes, char* to, ReadFault* fault);
  /// Bytes of the request that read() has not returned.
  int64_t left() const { return end_ - position_; }

 private:
  BlockReader(std::unique_ptr<MessageStream> stream, std::string node, int64_t offset,
              int64_t length)
      : stream_(std::move(stream)),
        node_(std::move(node)),
        position_(offset),
        end_(offset + length) {}
  StatusOr<IncomingPacket> read_header();
  /// Reads the next packet: to `to` if it fits into the `room` there, else it becomes unread_.
  bool read_packet(char* to, size_t room, ReadFault* fault);
  /// Reads the packet's checksums into memory_, and its data, which must fit them.
  bool read_checked(const IncomingPacket& packet, char* data, size_t room, ReadFault* fault);
  bool fail(const Status& status, ReadFault* fault) const;

  const std::unique_ptr<MessageStream> stream_;
  const std::string node_;  ///< its address
  ChecksumKind kind_ = ChecksumKind::kCrc32c;
  size_t chunk_ = kChunkBytes;
  int64_t position_;  ///< in the block, of the next byte to return
  const int64_t end_;
  int64_t expected_ = 0;  ///< where the next packet begins
  std::string memory_;    ///< the packet's checksums, and its data unless the caller has room
  std::string_view unread_;
};

}  // namespace weir
