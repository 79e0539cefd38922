#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/ids.h"
#include "fs/file_system_registry.h"

namespace weir {

/// Copies, on a disk of this machine, of the data files that this process has written for
/// checkpoints: after a failure that the process survives it reads its state there. They are an
/// advantage, never a condition: what cannot be written or read here is done without. Thread: any;
/// blocks.
class LocalCopies {
 public:
  /// `directory`: this process's own; it is made when needed, and removed by the destructor.
  explicit LocalCopies(FileLocation directory) : directory_(std::move(directory)) {}
  ~LocalCopies();

  /// A file that writes what it is given to `original` and to a copy. The copy counts when both
  /// were closed.
  std::unique_ptr<WritableFile> copying(CheckpointId id, const std::string& name,
                                        std::unique_ptr<WritableFile> original);
  /// Null: there is no whole copy of a data file of this name.
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
  std::map<std::string, Copy> copies_;  ///< whole ones, by name; guarded by mutex_
};

}  // namespace weir
