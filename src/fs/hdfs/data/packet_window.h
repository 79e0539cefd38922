#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "fs/hdfs/data/packet.h"

namespace weir {

/// The packets of one block that may have to be sent again, in order. Packets that all DataNodes
/// have acknowledged stay as long as there is room: while the block's first one is here, the block
/// can be sent to other DataNodes from its start. Memory: `most` packets. Pure.
class PacketWindow {
 public:
  explicit PacketWindow(size_t packet_bytes, size_t most)
      : packet_bytes_(packet_bytes), most_(most) {}

  /// A packet to fill.
  std::unique_ptr<OutgoingPacket> take(int64_t offset);
  void push(std::unique_ptr<OutgoingPacket> packet);

  /// True if no packet may be added before another is acknowledged.
  bool full() const { return packets_.size() >= most_ && first_ == acknowledged_; }
  bool holds_the_whole_block() const { return first_ == 0; }
  int64_t count() const { return first_ + static_cast<int64_t>(packets_.size()); }
  int64_t acknowledged() const { return acknowledged_; }
  /// The end of what is acknowledged, in the block.
  int64_t acknowledged_bytes() const { return acknowledged_bytes_; }

  OutgoingPacket& at(int64_t index) { return *packets_[static_cast<size_t>(index - first_)]; }
  /// The next packet has reached all DataNodes.
  void acknowledge();
  /// All packets count as not sent. Only while the whole block is here.
  void forget_acknowledgements();
  /// For the next block.
  void clear();

 private:
  void drop_first();

  const size_t packet_bytes_;
  const size_t most_;
  std::deque<std::unique_ptr<OutgoingPacket>> packets_;
  std::vector<std::unique_ptr<OutgoingPacket>> spare_;
  int64_t first_ = 0;         ///< the index in the block of the first packet here
  int64_t acknowledged_ = 0;  ///< packets of the block
  int64_t acknowledged_bytes_ = 0;
};

}  // namespace weir
