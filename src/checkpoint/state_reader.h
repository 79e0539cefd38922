#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "checkpoint/byte_stream.h"
#include "checkpoint/snapshot_model.h"
#include "fs/file_system_registry.h"

namespace weir {

/// Reads the streams of one snapshot; opens each data file once. Blocks; thread: one at a time.
class StateReader {
 public:
  /// Gives a file of the snapshot from nearer by, or null.
  using Shortcut = std::function<std::unique_ptr<ReadableFile>(const std::string& name)>;

  /// `directory` is the snapshot's. `files` finds what lies elsewhere, and may be null: then that is refused.
  StateReader(FileLocation directory, FileSystemRegistry* files, Shortcut shortcut = {});

  /// What is given reads from `stream` and from this, and must not outlive either. DATA_LOSS: fewer bytes than are asked for.
  StatusOr<ReadAt> open(const StateStream& stream);

 private:
  StatusOr<ReadableFile*> file_of(const std::string& name);

  const FileLocation directory_;
  FileSystemRegistry* const files_;
  const Shortcut shortcut_;
  std::map<std::string, std::unique_ptr<ReadableFile>> open_;
};

}  // namespace weir
