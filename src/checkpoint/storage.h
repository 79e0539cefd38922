#pragma once

#include <string>
#include <vector>

#include "base/ids.h"
#include "fs/file_system_registry.h"

namespace weir {

// The blocking half of the coordinator: what is done to a job's checkpoint directory
// (docs/formats/checkpoint_directory.md). Everything here runs on the I/O pool. `job` is
// `<dir>/<job id>`.

/// Makes the job's directory with `shared/` and `taskowned/`. Fails, before the first record, if
/// weir may not write there.
Status prepare_job_directory(const FileLocation& job);

/// Makes `chk-<id>` and by that uses up the id. ALREADY_EXISTS: somebody else has used it, so
/// another coordinator works in this directory.
Status prepare_checkpoint_directory(const FileLocation& job, CheckpointId id);

/// Removes a complete checkpoint: `_metadata` first, so that what is left after a crash is not
/// taken for complete.
Status discard_checkpoint(const FileLocation& job, CheckpointId id);

enum class DirectoryAfterwards {
  kEmpty,  ///< stays, so that the id is known to be used; late writers may still leave files in it
  kRemoved,
};
/// Removes what a checkpoint left that never became complete. FAILED_PRECONDITION, and nothing is
/// removed, if `_metadata` is there after all.
Status discard_unfinished(const FileLocation& job, CheckpointId id, DirectoryAfterwards directory);

/// What a job's directory holds.
struct CheckpointInventory {
  std::vector<CheckpointId> completed;  ///< with `_metadata`, newest first; not verified
  std::vector<CheckpointId> orphans;    ///< without, oldest first
  CheckpointId highest = 0;             ///< of both; new ids start above it. 0: there are none
};
/// A directory that does not exist holds nothing. UNAVAILABLE and all else: nothing is known.
StatusOr<CheckpointInventory> list_checkpoints(const FileLocation& job);

}  // namespace weir
