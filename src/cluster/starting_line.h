#pragma once

#include <optional>
#include <string>
#include <vector>

#include "checkpoint/leader_store.h"
#include "checkpoint/lineage.h"
#include "checkpoint/snapshot_loader.h"
#include "checkpoint/storage.h"
#include "cluster/job_options.h"
#include "fs/file_system_registry.h"
#include "graph/job_graph.h"

namespace weir {

/// The content of a job's checkpoint directory when a start looks. Everything is empty if the job
/// has no directory.
struct DirectoryState {
  std::optional<FileLocation> job;
  Lineage lineage;
  CheckpointInventory inventory;  ///< its completed checkpoints are those on a line
};

/// The snapshot that a start continues from, and its place among the job's lines of checkpoints.
struct ChosenStart {
  std::optional<LoadedCheckpoint> snapshot;  ///< none: from the beginning
  LineBeginning beginning;
  bool another_job = false;  ///< the snapshot belongs to another job, whose files are left alone
};

// Blocking; run on the I/O pool.

/// list_checkpoints() without the completed checkpoints that are on no line: abandoned ones, and
/// late ones, which an earlier start completed after a newer start had been recorded. A checkpoint
/// whose sidecar cannot be decoded is kept: only reading it tells what is wrong. `late`: receives a
/// sentence for each late one.
StatusOr<CheckpointInventory> list_on_lines(const FileLocation& job, const Lineage& lineage,
                                            std::vector<std::string>* late = nullptr);

StatusOr<DirectoryState> look_at_directory(const JobOptions& options, FileSystemRegistry& files);

/// Chooses the start: the checkpoint that earlier leaders have agreed on (`pointer`), or else the
/// one that --from names. FAILED_PRECONDITION: the checkpoint was abandoned, or the job took it
/// with other arguments, and the options do not accept that.
StatusOr<ChosenStart> choose_start(const JobGraph& graph, const JobOptions& options,
                                   FileSystemRegistry& files, const DirectoryState& directory,
                                   const std::optional<CompletedPointer>& pointer, bool read_all);

/// Without election a restarted coordinator's epoch must be above the previous one: it comes from
/// the clock (`by_clock`) or, if the clock was set back, from the record with the checkpoints.
int64_t epoch_without_election(const JobOptions& options, FileSystemRegistry& files,
                               int64_t by_clock);

}  // namespace weir
