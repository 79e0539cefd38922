#include "fs/hdfs/data/block_reader.h"

#include <algorithm>

#include "base/status_macros.h"
#include "base/strings.h"
#include "fs/hdfs/data/transfer_request.h"
#include "fs/hdfs/rpc/hadoop.pb.h"

namespace weir {
namespace {

constexpr size_t kChunkBytesMax = 16 << 20;

ChecksumKind kind_of(hadoop::ChecksumType type) {
  switch (type) {
    case hadoop::CHECKSUM_NULL: return ChecksumKind::kNone;
    case hadoop::CHECKSUM_CRC32: return ChecksumKind::kCrc32;
    case hadoop::CHECKSUM_CRC32C: return ChecksumKind::kCrc32c;
  }
  return ChecksumKind::kNone;
}

}  // namespace

std::unique_ptr<BlockReader> BlockReader::open(const DataNodeDialer& dialer,
                                               std::chrono::milliseconds silence,
                                               const Request& request, ReadFault* fault) {
  const hadoop::LocatedBlock& block = request.block;
  const hadoop::DatanodeId& node = block.locs(request.node).id();
  const std::string address = dialer.address(node);
  auto stream = dialer.dial(node, block.blocktoken(), silence);
  if (!stream.ok()) {
    *fault = {stream.status()};
    return nullptr;
  }
  hadoop::OpReadBlock op;
  auto* header = op.mutable_header();
  *header->mutable_baseheader()->mutable_block() = block.b();
  *header->mutable_baseheader()->mutable_token() = block.blocktoken();
  header->set_clientname(request.client_name);
  op.set_offset(static_cast<uint64_t>(request.offset));
  op.set_len(static_cast<uint64_t>(request.length));
  hadoop::BlockOpResponse answer;
  Status status = (*stream)->write(transfer_request(kReadBlock, op));
  if (status.ok()) status = (*stream)->read_message(&answer);
  if (!status.ok()) {
    *fault = {status.with_context(cat("the DataNode ", address))};
    return nullptr;
  }
  const auto& checksum = answer.readopchecksuminfo().checksum();
  const auto chunk_offset = static_cast<int64_t>(answer.readopchecksuminfo().chunkoffset());
  if (answer.status() != hadoop::DATA_SUCCESS) {
    *fault = {unavailable(
        cat("the DataNode ", address, " cannot read the block: ", transfer_problem(answer)))};
    fault->token_expired = answer.status() == hadoop::ERROR_ACCESS_TOKEN;
    return nullptr;
  }
  std::unique_ptr<BlockReader> reader(
      new BlockReader(*std::move(stream), address, request.offset, request.length));
  reader->kind_ = kind_of(checksum.type());
  reader->chunk_ = checksum.bytesperchecksum();
  reader->expected_ = chunk_offset;
  if (chunk_offset > request.offset || chunk_offset < 0 || reader->chunk_ > kChunkBytesMax ||
      (reader->chunk_ == 0 && reader->kind_ != ChecksumKind::kNone)) {
    *fault = {unavailable(cat("the DataNode ", address, " begins at ", chunk_offset, " instead of ",
                              request.offset, ", with checksums of ", reader->chunk_, " bytes"))};
    return nullptr;
  }
  return reader;
}

bool BlockReader::fail(const Status& status, ReadFault* fault) const {
  *fault = {status.with_context(cat("the DataNode ", node_))};
  return false;
}

bool BlockReader::read(int64_t bytes, char* to, ReadFault* fault) {
  const int64_t end = position_ + bytes;
  while (position_ < end) {
    const auto wanted = static_cast<size_t>(end - position_);
    if (unread_.empty()) {
      const int64_t before = position_;
      if (!read_packet(to, wanted, fault)) return false;
      to += position_ - before;
      continue;
    }
    const size_t taken = unread_.copy(to, wanted);
    unread_.remove_prefix(taken);
    to += taken;
    position_ += static_cast<int64_t>(taken);
  }
  return true;
}

StatusOr<IncomingPacket> BlockReader::read_header() {
  char prefix[kPacketPrefixBytes];
  WEIR_RETURN_IF_ERROR(stream_->read_exactly(prefix, sizeof prefix));
  WEIR_ASSIGN_OR_RETURN(const size_t header_bytes, packet_header_bytes({prefix, sizeof prefix}));
  std::string header(header_bytes, '\0');
  WEIR_RETURN_IF_ERROR(stream_->read_exactly(header.data(), header.size()));
  WEIR_ASSIGN_OR_RETURN(IncomingPacket packet,
                        parse_packet_header({prefix, sizeof prefix}, header));
  if (packet.offset != expected_ || packet.data_bytes == 0)
    return unavailable(cat("it sent ", packet.data_bytes, " bytes at ", packet.offset,
                           " of the block when those at ", position_, " were due"));
  return packet;
}

bool BlockReader::read_packet(char* to, size_t room, ReadFault* fault) {
  const auto packet = read_header();
  if (!packet.ok()) return fail(packet.status(), fault);
  const size_t size = packet->data_bytes;
  // Without a copy if the caller wants all of it. Only the first packet may begin before it.
  const bool direct = packet->offset == position_ && size <= room;
  if (const size_t needed = packet->checksum_bytes + (direct ? 0 : size); memory_.size() < needed)
    memory_.resize(needed);
  char* const data = direct ? to : memory_.data() + packet->checksum_bytes;
  if (!read_checked(*packet, data, direct ? room : size, fault)) return false;
  expected_ = packet->offset + static_cast<int64_t>(size);
  if (direct) {
    position_ = expected_;
    return true;
  }
  // The first packet begins with the chunk that holds the first byte.
  const auto skipped = static_cast<size_t>(std::max<int64_t>(0, position_ - packet->offset));
  unread_ = std::string_view(data, size).substr(std::min(skipped, size));
  return true;
}

bool BlockReader::read_checked(const IncomingPacket& packet, char* data, size_t room,
                               ReadFault* fault) {
  Status status = stream_->read_exactly(memory_.data(), packet.checksum_bytes);
  if (status.ok()) status = stream_->read_exactly(data, packet.data_bytes, room);
  if (!status.ok()) return fail(status, fault);
  const size_t bad = find_bad_chunk(kind_, chunk_, {data, packet.data_bytes},
                                    std::string_view(memory_).substr(0, packet.checksum_bytes));
  if (bad == std::string_view::npos) return true;
  fail(data_loss(cat("its replica is damaged: the checksum does not fit the ", chunk_, " bytes at ",
                     packet.offset + static_cast<int64_t>(bad), " of the block")),
       fault);
  fault->damaged = true;
  return false;
}

}  // namespace weir
