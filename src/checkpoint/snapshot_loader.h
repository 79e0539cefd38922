#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "checkpoint/sidecar.h"
#include "checkpoint/snapshot_model.h"
#include "fs/file_system_registry.h"

namespace weir {

// Finds, reads and verifies the snapshot to restore. Blocks; runs on the I/O pool. Codes
// everywhere:
//     DATA_LOSS    damaged; the message names the file and the damage
//     NOT_FOUND    there is no snapshot
//     UNAVAILABLE  storage does not answer: not damage, retry

struct LoadOptions {
  /// Reads every data file and verifies its checksum. If false, a file with block checksums is only
  /// checked for existence and length, because its readers verify the blocks (state_reader.h).
  bool read_all = true;
  /// A checkpoint in weir's own directory always has a sidecar; Flink's savepoints have neither
  /// sidecar nor checksums.
  bool require_sidecar = false;
  /// Finds files outside the snapshot's directory (Flink's checkpoints name theirs by URI). Null:
  /// such files are not checked.
  FileSystemRegistry* files = nullptr;
  /// Skips state in a Flink snapshot that weir cannot restore (channels, RocksDB files, …) instead
  /// of refusing the snapshot.
  bool leave_out_foreign_state = false;
};

struct LoadedCheckpoint {
  FileLocation directory;
  std::shared_ptr<const CheckpointMetadata> metadata;
  /// Of a Flink snapshot of hosted chains: only types, from the chains' own headers.
  std::optional<Sidecar> sidecar;
  int64_t bytes = 0;  ///< size of `_metadata` and of all files that it refers to
  /// One sentence per piece, if LoadOptions::leave_out_foreign_state.
  std::vector<std::string> left_out;
};

/// `given` names the snapshot's directory or its `_metadata`; returns the directory. NOT_FOUND
/// lists the paths that were tried.
StatusOr<FileLocation> locate_snapshot(const FileLocation& given);

/// Reads `_metadata` and verifies all files that it refers to.
StatusOr<LoadedCheckpoint> load_checkpoint(const FileLocation& directory,
                                           const LoadOptions& options);

struct LatestCheckpoint {
  std::optional<LoadedCheckpoint> checkpoint;  ///< none: the job has no completed checkpoint
  /// One line per damaged checkpoint that was skipped: the reason, and the next candidate.
  std::vector<std::string> fallbacks;
};
/// Whether to consider a checkpoint: called with null before it is read, then with its sidecar.
using CheckpointFilter = std::function<bool(CheckpointId, const Sidecar*)>;
/// The newest intact checkpoint of a job among those that `filter` accepts (null: all). Falls back
/// to an older one only on damage, never because storage does not answer. DATA_LOSS: there are
/// checkpoints and all are damaged.
StatusOr<LatestCheckpoint> find_latest(const FileLocation& job, LoadOptions options,
                                       const CheckpointFilter& filter = nullptr);

}  // namespace weir
