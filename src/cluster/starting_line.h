#pragma once

#include <optional>
#include <string>

#include "checkpoint/leader_store.h"
#include "checkpoint/lineage.h"
#include "checkpoint/snapshot_loader.h"
#include "checkpoint/storage.h"
#include "cluster/job_options.h"
#include "fs/file_system_registry.h"
#include "graph/job_graph.h"

namespace weir {

/// What lies in a job's checkpoint directory when a start looks. Everything is empty if the job has
/// none.
struct DirectoryState {
  std::optional<FileLocation> job;
  Lineage lineage;
  CheckpointInventory inventory;
};

/// The snapshot that a start goes on from, and where that is among the job's lines of checkpoints.
struct ChosenStart {
  std::optional<LoadedCheckpoint> snapshot;  ///< none: from the beginning
  LineBeginning beginning;
  bool agreed = false;  ///< it is what elected leaders have agreed on
  bool another_job =
      false;  ///< the snapshot is another job's: what that one has written is left alone
};

// Blocking; run on the I/O pool.

StatusOr<DirectoryState> look_at_directory(const JobOptions& options, FileSystemRegistry& files);

/// Where to begin: at what the leaders before have agreed on (`pointer`), or else where --from
/// says. FAILED_PRECONDITION, in a sentence: the checkpoint was abandoned, or was made by the job
/// with other arguments, and the options do not accept that.
StatusOr<ChosenStart> choose_start(const JobGraph& graph, const JobOptions& options,
                                   FileSystemRegistry& files, const DirectoryState& directory,
                                   const std::optional<CompletedPointer>& pointer, bool read_all);

// Pure.

/// Whether the start only carries on the newest line where it ends: then an elected leader need not
/// record it.
bool carries_on(const DirectoryState& directory, const ChosenStart& chosen);
/// Whether a checkpoint, as its sidecar has it, was made by the job with these arguments.
/// FAILED_PRECONDITION names the flags that differ.
Status check_arguments(const Sidecar& sidecar, const JobGraph& graph, const JobOptions& options);

}  // namespace weir
