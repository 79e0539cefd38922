#pragma once

#include <string>
#include <vector>

#include "base/ids.h"
#include "checkpoint/protocol/paths.h"
#include "fs/file_system_registry.h"

namespace weir {

// The coordinator's blocking operations on a job's checkpoint directory
// (docs/formats/checkpoint_directory.md). Everything here runs on the I/O pool. `job` is
// `<dir>/<job id>`.

/// Creates the job's directory with `shared/` and `taskowned/`. Fails, before the first record, if
/// weir has no permission to write there.
Status prepare_job_directory(const FileLocation& job);

/// Creates `chk-<id>`, which marks the id as used. ALREADY_EXISTS: the id is taken, so another
/// coordinator works in this directory.
Status prepare_checkpoint_directory(const FileLocation& job, CheckpointId id);

/// Removes a complete checkpoint. Deletes `_metadata` first, so that the rest does not look
/// complete after a crash.
Status discard_checkpoint(const FileLocation& job, CheckpointId id);

/// Removes the data files that the processes of one coordinator have written for a checkpoint that
/// it has aborted. All else stays: another coordinator may have made the same directory at the same
/// moment, and may be completing its checkpoint there. FAILED_PRECONDITION, and nothing is removed,
/// if `_metadata` exists.
Status discard_aborted(const FileLocation& job, CheckpointId id, CoordinatorMark mark);

enum class DirectoryAfterwards {
  kEmpty,  ///< stays, to show that the id is used; late writers may still leave files in it
  kRemoved,
};
/// Removes the files of a checkpoint that never completed and that nobody writes to.
/// FAILED_PRECONDITION, and nothing is removed, if `_metadata` exists after all.
Status discard_unfinished(const FileLocation& job, CheckpointId id, DirectoryAfterwards directory);

/// The content of a job's directory.
struct CheckpointInventory {
  std::vector<CheckpointId> completed;  ///< with `_metadata`, newest first; not verified
  std::vector<CheckpointId> orphans;    ///< without `_metadata`, oldest first
  CheckpointId highest = 0;  ///< highest id of both; new ids start above it. 0: there are none
};
/// A missing directory is empty. On UNAVAILABLE or any other error, nothing is known.
StatusOr<CheckpointInventory> list_checkpoints(const FileLocation& job);
/// Removes the files of all orphans with ids up to this one. The directory of the highest id stays.
Status discard_orphans(const FileLocation& job, const CheckpointInventory& inventory,
                       CheckpointId up_to);

}  // namespace weir
