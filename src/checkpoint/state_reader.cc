#include "checkpoint/state_reader.h"

#include <algorithm>

#include "base/log.h"
#include "base/status_macros.h"
#include "base/strings.h"

namespace weir {
namespace {

StatusOr<std::string_view> read_plain(ReadableFile& file, const std::string& name, int64_t offset,
                                      int64_t length, std::string* memory) {
  WEIR_RETURN_IF_ERROR(file.read_at(offset, length, memory));
  if (static_cast<int64_t>(memory->size()) != length)
    return data_loss(cat("state file ", name, " ends before byte ", offset + length));
  return std::string_view(*memory);
}

}  // namespace

StateReader::StateReader(FileLocation directory, FileSystemRegistry* files, const Sidecar* sidecar,
                         Shortcut shortcut)
    : directory_(std::move(directory)),
      files_(files),
      sidecar_(sidecar),
      shortcut_(std::move(shortcut)) {}

StatusOr<ReadAt> StateReader::open(const StateStream& stream) {
  if (const auto* bytes = std::get_if<InlineBytes>(&stream)) {
    return ReadAt(
        [bytes](int64_t offset, int64_t length, std::string*) -> StatusOr<std::string_view> {
          const auto size = static_cast<int64_t>(bytes->bytes.size());
          if (offset < 0 || length < 0 || offset > size || length > size - offset) {
            return data_loss(cat("a piece of state inside _metadata has ", size, " bytes; ", length,
                                 " at ", offset, " were asked for"));
          }
          return std::string_view(bytes->bytes)
              .substr(static_cast<size_t>(offset), static_cast<size_t>(length));
        });
  }
  const auto& segment = std::get<FileSegment>(stream);
  OpenFile* const file = &open_[segment.file];
  if (!file->verified && !file->plain) WEIR_RETURN_IF_ERROR(open_file(segment.file, file));
  return ReadAt([this, &segment, file](int64_t offset, int64_t length,
                                       std::string* memory) -> StatusOr<std::string_view> {
    if (offset < 0 || length < 0 || offset > segment.length || length > segment.length - offset) {
      return data_loss(cat("a segment of state file ", segment.file, " has ", segment.length,
                           " bytes; ", length, " at ", offset, " were asked for"));
    }
    return read(segment.file, file, segment.offset + offset, length, memory);
  });
}

StatusOr<std::string_view> StateReader::read(const std::string& name, OpenFile* file,
                                             int64_t offset, int64_t length, std::string* memory) {
  auto bytes = file->verified ? file->verified->read(offset, length, memory)
                              : read_plain(*file->plain, name, offset, length, memory);
  if (bytes.ok() || !file->is_shortcut) return bytes;
  WEIR_LOG(kWarning) << "state file " << name
                     << " is read from the checkpoint instead: " << bytes.status().message();
  WEIR_ASSIGN_OR_RETURN(const FileLocation place, place_of(name));
  WEIR_ASSIGN_OR_RETURN(auto original, place.fs->open(place.path));
  last_block_ = {};
  WEIR_ASSIGN_OR_RETURN(*file, opened(std::move(original), place.uri, name));
  return read(name, file, offset, length, memory);
}

Status StateReader::open_file(const std::string& name, OpenFile* file) {
  if (auto near = shortcut_ ? shortcut_(name) : nullptr) {
    auto shortcut =
        opened(std::move(near), cat("this machine's copy of ", directory_.child(name).uri), name);
    if (shortcut.ok()) {
      *file = *std::move(shortcut);
      file->is_shortcut = true;
      return {};
    }
    WEIR_LOG(kWarning) << "state file " << name
                       << " is read from the checkpoint instead: " << shortcut.status().message();
  }
  WEIR_ASSIGN_OR_RETURN(const FileLocation place, place_of(name));
  WEIR_ASSIGN_OR_RETURN(auto original, place.fs->open(place.path));
  WEIR_ASSIGN_OR_RETURN(*file, opened(std::move(original), place.uri, name));
  return {};
}

StatusOr<StateReader::OpenFile> StateReader::opened(std::unique_ptr<ReadableFile> file,
                                                    const std::string& uri,
                                                    const std::string& name) {
  OpenFile open;
  const DataFile* known = nullptr;
  if (sidecar_ != nullptr) {
    const auto found = std::find_if(sidecar_->files.begin(), sidecar_->files.end(),
                                    [&](const DataFile& each) { return each.name == name; });
    if (found != sidecar_->files.end() && found->block_bytes > 0) known = &*found;
  }
  if (known == nullptr) {
    open.plain = std::move(file);
  } else {
    WEIR_ASSIGN_OR_RETURN(open.verified,
                          VerifiedFile::open(std::move(file), uri, *known, &last_block_));
  }
  return open;
}

StatusOr<FileLocation> StateReader::place_of(const std::string& name) const {
  if (auto place = data_file_place(directory_, name); place.ok()) return place;
  if (files_ == nullptr)
    return failed_precondition(cat("state file ", name, " is not in the snapshot's directory"));
  return files_->resolve(name);
}

}  // namespace weir
