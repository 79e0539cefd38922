#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/ids.h"
#include "fs/file_system_registry.h"

namespace weir {

/// Keeps copies of this process's checkpoint data files on a local disk, so that a restore after a
/// failure that the process survives reads them there. Best effort: if a copy cannot be written or
/// read, the checkpoint's file is used. Thread: any; blocks.
class LocalCopies {
 public:
  /// `directory` belongs to this process alone. It is created when needed, and the destructor
  /// removes it.
  explicit LocalCopies(FileLocation directory) : directory_(std::move(directory)) {}
  ~LocalCopies();

  /// Returns a file that writes to `original` and to a copy. The copy is valid once both are
  /// closed.
  std::unique_ptr<WritableFile> copying(CheckpointId id, const std::string& name,
                                        std::unique_ptr<WritableFile> original);
  /// Null if there is no complete copy of a data file with this name.
  std::unique_ptr<ReadableFile> open(const std::string& name);
  /// Removes the copies of checkpoints before `id`, which is complete.
  void keep_from(CheckpointId id);

 private:
  class CopyingFile;
  struct Copy {
    CheckpointId id = 0;
    int64_t length = 0;
  };
  std::string path_of(const std::string& name) const { return directory_.child(name).path; }

  const FileLocation directory_;
  std::mutex mutex_;
  std::map<std::string, Copy> copies_;  ///< complete copies, by name; guarded by mutex_
};

}  // namespace weir
