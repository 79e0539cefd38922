#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "checkpoint/coordinator.h"
#include "cluster/job_options.h"
#include "cluster/messages.h"
#include "fs/file_system_registry.h"
#include "graph/job_graph.h"

namespace weir {

/// What is known when the first task may be started.
struct PreparedJob {
  std::optional<FileLocation> job_directory;         ///< if checkpoints are taken
  std::shared_ptr<const StartingPoint> start;
  CheckpointId highest_used_id = 0;                  ///< new checkpoint ids start above it
  std::vector<CheckpointId> completed;               ///< checkpoints of this job that the restored one belongs with; retention counts them
};

// Blocking; run on the I/O pool. What they refuse they refuse in a sentence, before the first record.

/// The first start of a job in this process: proves that the checkpoint directory and the sinks can be written to, reads the
/// checkpoint that the options name, removes what unfinished checkpoints left, and enumerates the sources' splits.
/// `nonce` makes the names of probe files unique.
StatusOr<PreparedJob> prepare_job(const JobGraph& graph, const JobOptions& options, FileSystemRegistry& files, uint64_t nonce);

/// A further start after a failure: from `newest`, or as the first one if there is none.
StatusOr<PreparedJob> prepare_restart(const JobGraph& graph, const JobOptions& options, FileSystemRegistry& files, PreparedJob before,
                                      std::optional<CheckpointId> newest);

/// Of a prepared job that takes checkpoints.
CoordinatorOptions coordinator_options(const JobGraph& graph, const JobOptions& options, const PreparedJob& prepared);

/// Who takes part in the checkpoints of a job that runs in one process.
CheckpointParticipants participants_of(const JobGraph& graph);

}  // namespace weir
