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

bool BlockReader::read(int64_t bytes, std::string* out, ReadFault* fault) {
  while (bytes > 0) {
    if (unread_.empty() && !read_packet(fault)) return false;
    const auto taken = std::min<int64_t>(bytes, static_cast<int64_t>(unread_.size()));
    out->append(unread_.substr(0, static_cast<size_t>(taken)));
    unread_.remove_prefix(static_cast<size_t>(taken));
    position_ += taken;
    bytes -= taken;
  }
  return true;
}

bool BlockReader::read_packet(ReadFault* fault) {
  char prefix[kPacketPrefixBytes];
  Status status = stream_->read_exactly(prefix, sizeof prefix);
  if (!status.ok()) return fail(status, fault);
  const auto header_bytes = packet_header_bytes({prefix, sizeof prefix});
  if (!header_bytes.ok()) return fail(header_bytes.status(), fault);
  std::string header(*header_bytes, '\0');
  status = stream_->read_exactly(header.data(), header.size());
  if (!status.ok()) return fail(status, fault);
  const auto packet = parse_packet_header({prefix, sizeof prefix}, header);
  if (!packet.ok()) return fail(packet.status(), fault);
  const size_t size = packet->checksum_bytes + packet->data_bytes;
  if (memory_.size() < size) memory_.resize(size);
  status = stream_->read_exactly(memory_.data(), size);
  if (!status.ok()) return fail(status, fault);

  const std::string_view checksums = std::string_view(memory_).substr(0, packet->checksum_bytes);
  const std::string_view data =
      std::string_view(memory_).substr(packet->checksum_bytes, packet->data_bytes);
  if (packet->offset != expected_ || packet->data_bytes == 0)
    return fail(unavailable(cat("it sent ", packet->data_bytes, " bytes at ", packet->offset,
                                " of the block when those at ", position_, " were due")),
                fault);
  const size_t bad = find_bad_chunk(kind_, chunk_, data, checksums);
  if (bad != std::string_view::npos) {
    fail(data_loss(cat("its replica is damaged: the checksum does not fit the ", chunk_,
                       " bytes at ", packet->offset + static_cast<int64_t>(bad), " of the block")),
         fault);
    fault->damaged = true;
    return false;
  }
  expected_ = packet->offset + static_cast<int64_t>(packet->data_bytes);
  // The first packet begins with the chunk that holds the first byte.
  const auto skipped = static_cast<size_t>(std::max<int64_t>(0, position_ - packet->offset));
  unread_ = data.substr(std::min(skipped, data.size()));
  return !unread_.empty() || read_packet(fault);
}

}  // namespace weir
