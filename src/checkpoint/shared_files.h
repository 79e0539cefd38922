#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/ids.h"
#include "checkpoint/protocol/paths.h"
#include "fs/file_system_registry.h"
#include "weir/status.h"

namespace weir {

// The files of incremental checkpoints in a job's `shared/`. A file is needed as long as a complete
// checkpoint of the directory refers to it, whoever took that one, or a checkpoint that is being
// taken may. Nothing counts references: they are read again from the checkpoints. Blocking; runs on
// the I/O pool. `job` is `<dir>/<job id>`.

struct SharedSweep {
  CheckpointId up_to = 0;      ///< later checkpoints may belong to another coordinator
  CheckpointId own_up_to = 0;  ///< of later ones, the files with this coordinator's mark
  CoordinatorMark mark = 0;
  std::set<CheckpointId> pending;  ///< their own files stay
  std::set<std::string> needed;    ///< names of files that pending checkpoints may refer to
  bool may_have_grown = true;      ///< since an earlier sweep
};
/// Removes the files that nothing needs. Returns whether there is no file. If it cannot be known
/// what a checkpoint refers to, removes nothing. A damaged checkpoint refers to nothing.
StatusOr<bool> sweep_shared_files(const FileLocation& job, const SharedSweep& sweep);

/// The files that no complete checkpoint of the directory refers to. Running jobs may need them.
StatusOr<std::vector<FileInfo>> unreferenced_shared_files(const FileLocation& job);
/// Removes those of these files that no complete checkpoint of the directory refers to.
Status release_shared_files(const FileLocation& job, const std::set<std::string>& names);

/// Removes the files of an unfinished checkpoint, except those that a complete one refers to.
/// `mark`: only those of this coordinator.
Status remove_shared_files_of(const FileLocation& job, CheckpointId id,
                              std::optional<CoordinatorMark> mark);

}  // namespace weir
