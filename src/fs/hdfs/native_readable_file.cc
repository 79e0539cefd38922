#include "fs/hdfs/native_readable_file.h"

#include <algorithm>

#include "base/log.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "fs/hdfs/rpc/hadoop.pb.h"

namespace weir {
namespace {

int64_t end_of(const hadoop::LocatedBlock& block) {
  return static_cast<int64_t>(block.offset() + block.b().numbytes());
}

/// While there are other replicas, a silent DataNode is left after this time.
constexpr std::chrono::milliseconds kPatience{10'000};

}  // namespace

Status NativeReadableFile::locate(const NativeHdfs& hdfs, const std::string& path,
                                  hadoop::LocatedBlocks* blocks) {
  hadoop::GetBlockLocationsRequest request;
  request.set_src(path);
  request.set_offset(0);
  request.set_length(INT64_MAX);
  hadoop::GetBlockLocationsResponse response;
  const auto answer = hdfs.namenode->call({"getBlockLocations", "open", path}, request, &response);
  if (answer.refusal == Refusal::kNotADirectory)
    return not_found(std::string(answer.status.message()));
  WEIR_RETURN_IF_ERROR(answer.status);
  if (!response.has_locations()) return not_found(cat("cannot open ", path, " on HDFS: no file"));
  *blocks = std::move(*response.mutable_locations());
  if (blocks->has_fileencryptioninfo()) {
    return failed_precondition(
        cat("cannot open ", path,
            " on HDFS: it is in an encryption zone, whose keys weir cannot fetch; use a directory "
            "outside of it, or webhdfs:// for which a DataNode decrypts"));
  }
  // The part of an unfinished block that its writer has announced.
  if (blocks->underconstruction() && !blocks->islastblockcomplete() &&
      blocks->lastblock().b().numbytes() > 0)
    *blocks->add_blocks() = blocks->lastblock();
  return {};
}

StatusOr<std::unique_ptr<ReadableFile>> NativeReadableFile::open(
    std::shared_ptr<const NativeHdfs> hdfs, const std::string& path) {
  auto blocks = std::make_unique<hadoop::LocatedBlocks>();
  WEIR_RETURN_IF_ERROR(locate(*hdfs, path, blocks.get()));
  return std::unique_ptr<ReadableFile>(
      std::make_unique<NativeReadableFile>(std::move(hdfs), path, std::move(blocks)));
}

NativeReadableFile::NativeReadableFile(std::shared_ptr<const NativeHdfs> hdfs, std::string path,
                                       std::unique_ptr<hadoop::LocatedBlocks> blocks)
    : hdfs_(std::move(hdfs)), path_(std::move(path)), blocks_(std::move(blocks)) {
  for (const auto& block : blocks_->blocks()) size_ = std::max(size_, end_of(block));
  size_ = std::max(size_, static_cast<int64_t>(blocks_->filelength()));
}

NativeReadableFile::~NativeReadableFile() = default;

StatusOr<bool> NativeReadableFile::being_written() {
  hadoop::LocatedBlocks now;
  WEIR_RETURN_IF_ERROR(locate(*hdfs_, path_, &now));
  return now.underconstruction();
}

Status NativeReadableFile::locate_again() {
  hadoop::LocatedBlocks now;
  WEIR_RETURN_IF_ERROR(locate(*hdfs_, path_, &now));
  bool same = now.blocks_size() >= blocks_->blocks_size();
  for (int i = 0; same && i < blocks_->blocks_size(); ++i)
    same = now.blocks(i).b().blockid() == blocks_->blocks(i).b().blockid();
  if (!same) {
    return data_loss(cat("read of ", path_, " on HDFS: the file was replaced after it was opened"));
  }
  // The length stays the one that was announced.
  for (int i = 0; i < blocks_->blocks_size(); ++i) {
    const uint64_t length = blocks_->blocks(i).b().numbytes();
    *blocks_->mutable_blocks(i) = now.blocks(i);
    blocks_->mutable_blocks(i)->mutable_b()->set_numbytes(length);
  }
  return {};
}

const hadoop::LocatedBlock* NativeReadableFile::block_at(int64_t offset) const {
  for (const auto& block : blocks_->blocks()) {
    if (offset >= static_cast<int64_t>(block.offset()) && offset < end_of(block)) return &block;
  }
  return nullptr;
}

Status NativeReadableFile::read_at(int64_t offset, int64_t length, std::string* out) {
  if (offset < 0 || length < 0)
    return invalid_argument(cat("read of ", length, " bytes at ", offset, " of ", path_));
  const int64_t wanted = std::clamp<int64_t>(size_ - offset, 0, length);
  out->resize(static_cast<size_t>(wanted));  // costs nothing for a string that is used again
  for (int64_t got = 0; got < wanted;) {
    int64_t part = 0;
    const Status status = read_block(offset + got, wanted - got, out->data() + got, &part);
    if (!status.ok()) {
      out->clear();
      return status;
    }
    got += part;
  }
  if (wanted > 0) position_ = offset + wanted;
  return {};
}

bool NativeReadableFile::open_stream(int64_t offset, int64_t wanted, ReadFault* fault) {
  stream_.reset();
  const hadoop::LocatedBlock* block = block_at(offset);
  int node = -1;
  int untried = 0;
  for (int i = 0; block != nullptr && i < block->locs_size(); ++i) {
    if (bad_nodes_.contains(block->locs(i).id().datanodeuuid())) continue;
    if (node < 0) node = i;
    ++untried;
  }
  if (node < 0) {
    if (fault->status.ok())
      *fault = {
          unavailable("no DataNode has the block; hdfs dfsadmin -report shows which are "
                      "alive")};
    return false;
  }
  // A reader that goes on from where it was, or begins at the start, wants the rest too.
  const int64_t rest = end_of(*block) - offset;
  const int64_t in_block = offset - static_cast<int64_t>(block->offset());
  const bool in_order = offset == position_ || offset == stream_at_;
  stream_node_ = block->locs(node).id().datanodeuuid();
  stream_ = BlockReader::open(hdfs_->dialer,
                              untried > 1 ? std::min(kPatience, hdfs_->silence) : hdfs_->silence,
                              {.block = *block,
                               .node = node,
                               .offset = in_block,
                               .length = in_order ? rest : std::min(rest, wanted),
                               .client_name = hdfs_->client_name},
                              fault);
  stream_at_ = offset;
  return stream_ != nullptr;
}

Status NativeReadableFile::read_block(int64_t offset, int64_t wanted, char* to, int64_t* got) {
  HdfsAttempts attempts = hdfs_->namenode->attempts();
  int damaged = 0;
  while (true) {
    const int64_t at = offset + *got;
    ReadFault fault;
    const bool open = stream_ && stream_at_ == at && stream_->left() > 0;
    if (open || open_stream(at, wanted - *got, &fault)) {
      const int64_t left = stream_->left();
      const bool done = stream_->read(std::min(wanted - *got, left), to + *got, &fault);
      *got += left - stream_->left();
      stream_at_ = offset + *got;
      if (done) return {};
      stream_.reset();
    }
    Status failure = fault.status.with_context(cat("cannot read ", path_, " on HDFS"));
    WEIR_LOG(kWarning) << "HDFS: " << failure.message();
    if (fault.damaged) ++damaged;
    if (!block_is_exhausted(at) && !fault.token_expired) {
      bad_nodes_.insert(stream_node_);
      if (!block_is_exhausted(at)) continue;
    }
    const hadoop::LocatedBlock* block = block_at(at);
    if (block != nullptr && damaged > 0 && damaged == block->locs_size()) {
      return data_loss(cat(failure.message(), "; no replica of the block is undamaged: hdfs fsck ",
                           path_, " -files -blocks -locations shows them"));
    }
    // All replicas have failed. The NameNode may know others by now.
    bad_nodes_.clear();
    damaged = 0;
    if (!attempts.another(hdfs_->namenode->options().retry.attempts_max, failure)) return failure;
    WEIR_RETURN_IF_ERROR(locate_again());
  }
}

bool NativeReadableFile::block_is_exhausted(int64_t offset) const {
  const hadoop::LocatedBlock* block = block_at(offset);
  if (block == nullptr) return true;
  return std::all_of(block->locs().begin(), block->locs().end(), [this](const auto& node) {
    return bad_nodes_.contains(node.id().datanodeuuid());
  });
}

}  // namespace weir
