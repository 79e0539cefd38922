#pragma once

#include <memory>
#include <string>

#include "fs/file_system.h"

namespace weir {

struct LocalFileSystemOptions {
  /// Off: as on a kernel or a file system that cannot rename without replacing.
  bool use_renameat2 = true;
};

/// Files of this machine through POSIX calls. Paths are absolute; symbolic links are followed, but
/// not by create, remove and remove_all. Persistence: close() syncs the file and then its
/// directory; make_directories(), rename() and remove() sync the directories they change, so that
/// what one call did is on the disk before the next one begins. Where the file system cannot rename
/// without replacing (some network ones), a file is renamed by link + unlink, and directories are
/// refused with UNIMPLEMENTED. A rename that was cut off between the two is finished by the next
/// attempt. Thread: any; there is no state.
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
