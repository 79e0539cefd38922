#include "offline/state_file.h"

#include <xxhash.h>

#include "base/status_macros.h"

namespace weir {
namespace {

/// Flink's default for execution.checkpointing.data-inline-threshold.
constexpr size_t kInlineBytes = 20 * 1024;

}  // namespace

struct StateFile::Hash {
  Hash() { XXH3_64bits_reset(state); }
  ~Hash() { XXH3_freeState(state); }
  XXH3_state_t* const state = XXH3_createState();
};

StateFile::StateFile(const FileLocation& directory, std::string name)
    : directory_(directory), name_(std::move(name)), hash_(std::make_unique<Hash>()) {}
StateFile::~StateFile() = default;

StatusOr<StateStream> StateFile::write(const std::function<Status(const ByteSink&)>& write) {
  std::string buffer;
  int64_t begin = -1;
  int64_t length = 0;
  WEIR_RETURN_IF_ERROR(write([&](std::string_view bytes) -> Status {
    length += static_cast<int64_t>(bytes.size());
    if (begin >= 0) return append(bytes);
    buffer += bytes;
    if (buffer.size() <= kInlineBytes) return {};
    begin = length_;
    return append(std::exchange(buffer, {}));
  }));
  if (begin < 0) return StateStream(InlineBytes{std::move(buffer)});
  return StateStream(FileSegment{name_, begin, length});
}

Status StateFile::append(std::string_view bytes) {
  if (!file_) {
    WEIR_ASSIGN_OR_RETURN(
        file_, directory_.fs->create(directory_.child(name_).path, CreateMode::kExclusive));
  }
  blocks_.add(bytes);
  return append_raw(bytes);
}

Status StateFile::append_raw(std::string_view bytes) {
  XXH3_64bits_update(hash_->state, bytes.data(), bytes.size());
  length_ += static_cast<int64_t>(bytes.size());
  return file_->append(bytes);
}

StatusOr<std::vector<DataFile>> StateFile::close() {
  if (!file_) return std::vector<DataFile>();
  WEIR_RETURN_IF_ERROR(append_raw(blocks_.trailer()));
  WEIR_RETURN_IF_ERROR(file_->close());
  return std::vector<DataFile>{{name_, length_, XXH3_64bits_digest(hash_->state), kDataBlockBytes}};
}

}  // namespace weir
