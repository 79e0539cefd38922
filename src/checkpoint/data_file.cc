#include "checkpoint/data_file.h"

#include <xxhash.h>

#include <algorithm>

#include "base/status_macros.h"
#include "base/strings.h"
#include "checkpoint/protocol/paths.h"
#include "weir/types/bytes.h"

namespace weir {
namespace {

constexpr int32_t kVersion = 1;
constexpr std::string_view kMagic = "weirdata";
constexpr int64_t kChecksumBytes = 8;
// The part after the blocks' checksums.
constexpr int64_t kEndBytes = 4 + 4 + 8 + kChecksumBytes + static_cast<int64_t>(kMagic.size());

uint64_t checksum(std::string_view bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

}  // namespace

StatusOr<FileLocation> data_file_place(const FileLocation& directory, std::string_view name) {
  if (const auto shared = parse_shared_reference(name)) {
    const auto job_of = [](const std::string& of) { return of.substr(0, of.rfind('/')); };
    const FileLocation job{directory.fs, job_of(directory.path), job_of(directory.uri)};
    return job.child(kSharedDirectory).child(*shared);
  }
  if (is_plain_file_name(name)) return directory.child(name);
  return invalid_argument(cat("\"", name, "\" is not the name of a data file"));
}

struct BlockChecksums::State {
  XXH3_state_t* const hash = XXH3_createState();
  ~State() { XXH3_freeState(hash); }
};

BlockChecksums::BlockChecksums() : state_(std::make_unique<State>()) {
  XXH3_64bits_reset(state_->hash);
}
BlockChecksums::~BlockChecksums() = default;

void BlockChecksums::add(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::string_view part = bytes.substr(0, static_cast<size_t>(kDataBlockBytes - in_block_));
    XXH3_64bits_update(state_->hash, part.data(), part.size());
    in_block_ += static_cast<int64_t>(part.size());
    bytes.remove_prefix(part.size());
    if (in_block_ == kDataBlockBytes) end_block();
  }
}

void BlockChecksums::end_block() {
  checksums_.push_back(XXH3_64bits_digest(state_->hash));
  XXH3_64bits_reset(state_->hash);
  in_block_ = 0;
}

std::string BlockChecksums::trailer() {
  if (in_block_ > 0) end_block();
  BinaryWriter out;
  for (const uint64_t each : checksums_) out.put_u64(each);
  out.put_i32(kVersion);
  out.put_i32(static_cast<int32_t>(kDataBlockBytes));
  out.put_i64(static_cast<int64_t>(checksums_.size()));
  out.put_u64(checksum(out.buffer()));
  out.put_raw(kMagic);
  return out.take();
}

StatusOr<std::unique_ptr<VerifiedFile>> VerifiedFile::open(std::unique_ptr<ReadableFile> file,
                                                           std::string uri,
                                                           const DataFile& expected,
                                                           LastBlock* last) {
  std::unique_ptr<VerifiedFile> verified(new VerifiedFile(std::move(file), std::move(uri), last));
  WEIR_RETURN_IF_ERROR(verified->read_trailer(expected));
  return verified;
}

Status VerifiedFile::damaged(std::string_view how) const {
  return data_loss(cat(uri_, " is damaged: ", how));
}

Status VerifiedFile::read_trailer(const DataFile& expected) {
  const int64_t length = file_->size();
  if (length != expected.length)
    return damaged(cat("it has ", length, " bytes instead of ", expected.length));
  if (expected.block_bytes < 1 || expected.block_bytes > INT32_MAX || length < kEndBytes) {
    return damaged(cat("it has ", length, " bytes, and should have blocks of ",
                       expected.block_bytes, " with their checksums"));
  }
  // Each block takes this much with its checksum; the last may be shorter.
  const int64_t each = expected.block_bytes + kChecksumBytes;
  const int64_t count = (length - kEndBytes + each - 1) / each;
  const int64_t trailer_bytes = count * kChecksumBytes + kEndBytes;
  block_bytes_ = expected.block_bytes;
  data_bytes_ = length - trailer_bytes;
  std::string trailer;
  WEIR_RETURN_IF_ERROR(file_->read_at(data_bytes_, trailer_bytes, &trailer));
  if (static_cast<int64_t>(trailer.size()) != trailer_bytes || !trailer.ends_with(kMagic))
    return damaged("it does not end with the checksums of its blocks");
  BinaryReader in(trailer);
  for (int64_t i = 0; i < count; ++i) checksums_.push_back(in.get_u64());
  const int32_t version = in.get_i32();
  const int32_t block_bytes = in.get_i32();
  const int64_t blocks = in.get_i64();
  const size_t summed = trailer.size() - in.remaining();
  if (in.get_u64() != checksum(std::string_view(trailer).substr(0, summed)))
    return damaged("the checksums of its blocks do not match their own");
  if (version != kVersion) {
    return failed_precondition(cat(uri_, " has checksums in version ", version,
                                   " of their format; this build knows version ", kVersion));
  }
  if (block_bytes != block_bytes_ || blocks != count) {
    return damaged(cat("it has the checksums of ", blocks, " blocks of ", block_bytes,
                       " bytes instead of ", count, " of ", block_bytes_));
  }
  return {};
}

Status VerifiedFile::read_blocks(int64_t first, int64_t last, std::string* into) {
  const int64_t start = first * block_bytes_;
  const int64_t length = std::min((last + 1) * block_bytes_, data_bytes_) - start;
  WEIR_RETURN_IF_ERROR(file_->read_at(start, length, into));
  if (static_cast<int64_t>(into->size()) != length)
    return damaged(cat("it ends before byte ", start + length));
  std::string_view rest = *into;
  for (int64_t block = first; block <= last; ++block) {
    const std::string_view bytes = rest.substr(0, static_cast<size_t>(block_bytes_));
    if (checksum(bytes) != checksums_[static_cast<size_t>(block)]) {
      return damaged(cat("the ", bytes.size(), " bytes at ", block * block_bytes_,
                         " do not match the checksum that was stored when they were written"));
    }
    rest.remove_prefix(bytes.size());
  }
  return {};
}

StatusOr<std::string_view> VerifiedFile::read(int64_t offset, int64_t length, std::string* memory) {
  if (offset < 0 || length < 0 || offset > data_bytes_ || length > data_bytes_ - offset) {
    return damaged(cat("it has ", data_bytes_, " bytes of state; ", length, " at ", offset,
                       " were asked for"));
  }
  if (length == 0) return std::string_view();
  const int64_t first = offset / block_bytes_;
  const int64_t last = (offset + length - 1) / block_bytes_;
  const auto within = static_cast<size_t>(offset - first * block_bytes_);
  if (first != last) {
    WEIR_RETURN_IF_ERROR(read_blocks(first, last, memory));
    return std::string_view(*memory).substr(within, static_cast<size_t>(length));
  }
  if (last_->file != this || last_->index != first) {
    last_->file = nullptr;
    WEIR_RETURN_IF_ERROR(read_blocks(first, first, &last_->bytes));
    last_->file = this;
    last_->index = first;
  }
  memory->assign(last_->bytes, within, static_cast<size_t>(length));
  return std::string_view(*memory);
}

}  // namespace weir
