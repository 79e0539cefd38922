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

// Finding, reading and verifying what a restore starts from. Blocks; runs on the I/O pool. Codes
// everywhere:
//   DATA_LOSS    damaged; the message names the file and what is wrong with it
//   NOT_FOUND    there is no snapshot
//   UNAVAILABLE  storage does not answer: no damage, try again

struct LoadOptions {
  /// Reads every data file and compares its checksum. Otherwise, if it carries checksums of its
  /// blocks, which whoever reads it compares (state_reader.h), only that it is there with its
  /// length.
  bool read_all = true;
  /// A checkpoint in weir's own directory always has a sidecar; a savepoint of Flink's has none,
  /// and then no checksums.
  bool require_sidecar = false;
  /// Finds files that lie outside the snapshot's directory (Flink's checkpoints name theirs by
  /// URI). Null: such files are not looked at.
  FileSystemRegistry* files = nullptr;
  /// Leaves out what weir cannot restore of a snapshot of Flink (channels, RocksDB files, …)
  /// instead of refusing it.
  bool leave_out_foreign_state = false;
};

struct LoadedCheckpoint {
  FileLocation directory;
  std::shared_ptr<const CheckpointMetadata> metadata;
  std::optional<Sidecar> sidecar;  ///< of a snapshot that Flink took of hosted chains: types alone,
                                   ///< learned from the chains' own headers
  int64_t bytes = 0;               ///< of `_metadata` and of all files that it refers to
  std::vector<std::string>
      left_out;  ///< a sentence for each piece, if LoadOptions::leave_out_foreign_state
};

/// The directory of a snapshot named by its directory or by its `_metadata`. NOT_FOUND says what
/// was looked for.
StatusOr<FileLocation> locate_snapshot(const FileLocation& given);

/// Reads `_metadata` and verifies all that it refers to.
StatusOr<LoadedCheckpoint> load_checkpoint(const FileLocation& directory,
                                           const LoadOptions& options);

struct LatestCheckpoint {
  std::optional<LoadedCheckpoint> checkpoint;  ///< none: the job has no completed checkpoint
  std::vector<std::string> fallbacks;  ///< one line per damaged checkpoint that was passed over:
                                       ///< why, and what comes next
};
/// Whether a checkpoint is one to look at: asked with null before it is read, then with its
/// sidecar.
using CheckpointFilter = std::function<bool(CheckpointId, const Sidecar*)>;
/// The newest checkpoint of a job that verifies, of all (null) or of those that `filter` lets pass.
/// Falls back only because of damage, never because storage does not answer. DATA_LOSS: there are
/// checkpoints and all are damaged.
StatusOr<LatestCheckpoint> find_latest(const FileLocation& job, LoadOptions options,
                                       const CheckpointFilter& filter = nullptr);

}  // namespace weir
