#pragma once

#include <memory>
#include <string>

#include "fs/file_system.h"

namespace weir {

struct LocalFileSystemOptions {
  /// False imitates a kernel or a file system that cannot rename without replacing.
  bool use_renameat2 = true;
};

/// Files of this machine through POSIX calls. Paths are absolute. Symbolic links are followed,
/// except by create, remove and remove_all. Persistence: close() syncs the file and then its
/// directory; make_directories(), rename() and remove() sync the directories they change, so the
/// effect of one call is on disk before the next begins. Where the file system cannot rename
/// without replacing (some network ones), a file is renamed by link + unlink, and directories are
/// refused with UNIMPLEMENTED. The next attempt finishes a rename that was interrupted between the
/// two. Thread: any; there is no state.
class LocalFileSystem final : public FileSystem {
 public:
  explicit LocalFileSystem(LocalFileSystemOptions options = {}) : options_(options) {}

  StatusOr<std::unique_ptr<WritableFile>> create(const std::string& path, CreateMode mode) override;
  StatusOr<std::unique_ptr<ReadableFile>> open(const std::string& path) override;
  StatusOr<FileInfo> stat(const std::string& path) override;
  StatusOr<std::vector<FileInfo>> list(const std::string& path) override;
  Status make_directories(const std::string& path) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status remove(const std::string& path) override;
  Status remove_all(const std::string& path) override;
  Durability durability() const override { return Durability::kPower; }

 private:
  const LocalFileSystemOptions options_;
};

}  // namespace weir
