#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "checkpoint/byte_stream.h"
#include "checkpoint/data_file.h"
#include "checkpoint/sidecar.h"
#include "checkpoint/snapshot_model.h"
#include "fs/file_system_registry.h"

namespace weir {

/// Reads the streams of one snapshot; opens each file once. Of data files that carry checksums of
/// their blocks nothing is given out that does not match them. Blocks; thread: one at a time.
class StateReader {
 public:
  /// Gives a file of the snapshot from nearer by, or null.
  using Shortcut = std::function<std::unique_ptr<ReadableFile>(const std::string& name)>;

  /// `directory` is the snapshot's. `files` finds what lies elsewhere, and may be null: then that
  /// is refused. `sidecar` tells which files carry checksums: it outlives this, and may be null.
  /// What a shortcut gives and what turns out to be damaged or not to be readable is done without.
  StateReader(FileLocation directory, FileSystemRegistry* files, const Sidecar* sidecar = nullptr,
              Shortcut shortcut = {});

  /// What is given reads from `stream` and from this, and must not outlive either. DATA_LOSS:
  /// damaged, or fewer bytes than are asked for.
  StatusOr<ReadAt> open(const StateStream& stream);

 private:
  /// One of the two is set.
  struct OpenFile {
    std::unique_ptr<VerifiedFile> verified;
    std::unique_ptr<ReadableFile> plain;
    bool is_shortcut = false;
  };

  Status open_file(const std::string& name, OpenFile* file);
  StatusOr<OpenFile> opened(std::unique_ptr<ReadableFile> file, const std::string& uri,
                            const std::string& name);
  StatusOr<FileLocation> place_of(const std::string& name) const;
  StatusOr<std::string_view> read(const std::string& name, OpenFile* file, int64_t offset,
                                  int64_t length, std::string* memory);

  const FileLocation directory_;
  FileSystemRegistry* const files_;
  const Sidecar* const sidecar_;
  const Shortcut shortcut_;
  VerifiedFile::LastBlock last_block_;
  std::map<std::string, OpenFile> open_;
};

}  // namespace weir
