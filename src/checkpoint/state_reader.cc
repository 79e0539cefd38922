#include "checkpoint/state_reader.h"

#include "base/status_macros.h"
#include "base/strings.h"

namespace weir {

StateReader::StateReader(FileLocation directory, FileSystemRegistry* files, Shortcut shortcut)
    : directory_(std::move(directory)), files_(files), shortcut_(std::move(shortcut)) {}

StatusOr<ReadAt> StateReader::open(const StateStream& stream) {
  if (const auto* bytes = std::get_if<InlineBytes>(&stream)) {
    return ReadAt([bytes](int64_t offset, int64_t length, std::string* into) -> Status {
      const auto size = static_cast<int64_t>(bytes->bytes.size());
      if (offset < 0 || length < 0 || offset > size || length > size - offset) {
        return data_loss(cat("a piece of state inside _metadata has ", size, " bytes; ", length, " at ", offset, " were asked for"));
      }
      into->assign(bytes->bytes, static_cast<size_t>(offset), static_cast<size_t>(length));
      return {};
    });
  }
  const auto& segment = std::get<FileSegment>(stream);
  WEIR_ASSIGN_OR_RETURN(ReadableFile * file, file_of(segment.file));
  return ReadAt([segment, file](int64_t offset, int64_t length, std::string* into) -> Status {
    if (offset < 0 || length < 0 || offset > segment.length || length > segment.length - offset) {
      return data_loss(cat("a segment of state file ", segment.file, " has ", segment.length, " bytes; ", length, " at ", offset,
                           " were asked for"));
    }
    WEIR_RETURN_IF_ERROR(file->read_at(segment.offset + offset, length, into));
    if (static_cast<int64_t>(into->size()) != length) {
      return data_loss(cat("state file ", segment.file, " ends before byte ", segment.offset + offset + length));
    }
    return {};
  });
}

StatusOr<ReadableFile*> StateReader::file_of(const std::string& name) {
  auto& file = open_[name];
  if (!file && shortcut_) file = shortcut_(name);
  if (!file) {
    FileLocation location = directory_.child(name);
    if (name.find('/') != std::string::npos) {
      if (files_ == nullptr) return failed_precondition(cat("state file ", name, " is not in the snapshot's directory"));
      WEIR_ASSIGN_OR_RETURN(location, files_->resolve(name));
    }
    WEIR_ASSIGN_OR_RETURN(file, location.fs->open(location.path));
  }
  return file.get();
}

}  // namespace weir
