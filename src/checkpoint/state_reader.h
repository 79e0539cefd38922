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

/// Reads the streams of one snapshot; opens each file once. If a data file has block checksums,
/// returns no byte before its block is verified. Blocks. Thread: one at a time.
class StateReader {
 public:
  /// Opens a closer copy of a file of the snapshot, or returns null.
  using Shortcut = std::function<std::unique_ptr<ReadableFile>(const std::string& name)>;

  /// `directory` is the snapshot's. `files` opens files elsewhere; if null, those are refused.
  /// `sidecar` lists the files with checksums; it may be null, and must outlive this. A shortcut is
  /// best effort: if its file is damaged or unreadable, falls back to the snapshot's own.
  StateReader(FileLocation directory, FileSystemRegistry* files, const Sidecar* sidecar = nullptr,
              Shortcut shortcut = {});

  /// The result reads from `stream` and from this, and must not outlive either. DATA_LOSS: damaged,
  /// or shorter than requested.
  StatusOr<ReadAt> open(const StateStream& stream);

 private:
  /// Exactly one of the two is set.
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
