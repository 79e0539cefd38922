#include "fs/hdfs/data/packet_window.h"

namespace weir {

std::unique_ptr<OutgoingPacket> PacketWindow::take(int64_t offset) {
  std::unique_ptr<OutgoingPacket> packet;
  if (spare_.empty()) {
    packet = std::make_unique<OutgoingPacket>(packet_bytes_);
  } else {
    packet = std::move(spare_.back());
    spare_.pop_back();
  }
  packet->reset(offset);
  return packet;
}

void PacketWindow::drop_first() {
  spare_.push_back(std::move(packets_.front()));
  packets_.pop_front();
  ++first_;
}

void PacketWindow::push(std::unique_ptr<OutgoingPacket> packet) {
  while (packets_.size() >= most_ && first_ < acknowledged_) drop_first();
  packets_.push_back(std::move(packet));
}

void PacketWindow::acknowledge() {
  acknowledged_bytes_ = at(acknowledged_).end();
  ++acknowledged_;
}

void PacketWindow::forget_acknowledgements() {
  acknowledged_ = 0;
  acknowledged_bytes_ = 0;
}

void PacketWindow::clear() {
  while (!packets_.empty()) drop_first();
  first_ = acknowledged_ = acknowledged_bytes_ = 0;
}

}  // namespace weir
