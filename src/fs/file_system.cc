#include "fs/file_system.h"

#include "base/status_macros.h"
#include "base/strings.h"

namespace weir {
namespace {

Status write_whole(StatusOr<std::unique_ptr<WritableFile>> file, std::string_view bytes) {
  if (!file.ok()) return file.status();
  WEIR_RETURN_IF_ERROR((*file)->append(bytes));
  return (*file)->close();
}

}  // namespace

Status write_file(FileSystem& fs, const std::string& path, std::string_view bytes) {
  return write_whole(fs.create(path, CreateMode::kExclusive), bytes);
}

Status stage_file(FileSystem& fs, const StagedFile& file, std::string_view bytes) {
  return write_whole(fs.stage(file, CreateMode::kExclusive), bytes);
}

StagedFile publication_of(const std::string& path, std::string_view unique) {
  return {cat(path, ".", unique, ".tmp"), path};
}

Status publish_file(FileSystem& fs, const std::string& path, std::string_view bytes,
                    std::string_view unique) {
  const StagedFile file = publication_of(path, unique);
  // The temporary name belongs to this writer alone, so an existing file is its own earlier
  // attempt. Failing with ALREADY_EXISTS because of it would look as if another writer had
  // published.
  Status status = write_whole(fs.stage(file, CreateMode::kReplace), bytes);
  if (status.ok()) status = fs.publish(file);
  // After UNAVAILABLE the publication may still happen, so what was staged stays.
  if (!status.ok() && status.code() != StatusCode::kUnavailable) (void)fs.discard(file);
  return status;
}

StatusOr<std::string> read_file(FileSystem& fs, const std::string& path) {
  WEIR_ASSIGN_OR_RETURN(const auto file, fs.open(path));
  std::string bytes;
  WEIR_RETURN_IF_ERROR(file->read_at(0, file->size(), &bytes));
  if (static_cast<int64_t>(bytes.size()) != file->size()) {
    return data_loss(cat("read ", bytes.size(), " of the ", file->size(), " bytes of ", path,
                         ": the file became shorter while it was read"));
  }
  return bytes;
}

}  // namespace weir
