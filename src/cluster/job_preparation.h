#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "checkpoint/coordinator.h"
#include "checkpoint/leader_store.h"
#include "checkpoint/restore_plan.h"
#include "cluster/job_options.h"
#include "fs/file_system_registry.h"
#include "graph/job_graph.h"

namespace weir {

/// What an attempt starts from. Who reads which part of it depends on the attempt's parallelism: see cluster/deployment.h.
struct StartingPoint {
  CheckpointId restored_checkpoint = -1;              ///< -1: a fresh start
  std::string restored_directory;                     ///< URI of the checkpoint's directory
  std::shared_ptr<const CheckpointMetadata> metadata; ///< null on a fresh start
  std::shared_ptr<const Sidecar> sidecar;             ///< types as the checkpoint was written with; null if it has none
  std::vector<std::vector<std::string>> splits;       ///< by vertex: of the sources that find nothing in the checkpoint
};

/// What is known when the first task may be started.
struct PreparedJob {
  std::optional<JobResult> result;                   ///< the job has ended under an earlier leader; then there is nothing else
  std::optional<FileLocation> job_directory;         ///< if checkpoints are taken
  std::shared_ptr<const StartingPoint> start;
  CheckpointId highest_used_id = 0;                  ///< new checkpoint ids start above it
  std::vector<CheckpointId> leftovers;               ///< of checkpoints that were never completed; to be removed when one has been
  std::vector<CheckpointId> unconfirmed;             ///< likewise: above the pointer, written by a leader that was deposed before it could say so
  std::vector<CheckpointId> completed;               ///< checkpoints of this job that the restored one belongs with; retention counts them
};

// Blocking; run on the I/O pool. What they refuse they refuse in a sentence, before the first record.

/// The first start of a job under this job master: proves that the checkpoint directory and the sinks can be written to, reads the
/// checkpoint that `store` points at or else the one that the options name, finds (without a store: removes) what unfinished checkpoints
/// left, and enumerates the sources' splits. `store` may be null. `nonce` makes the names of probe files unique. `read_all`: as LoadOptions.
StatusOr<PreparedJob> prepare_job(const JobGraph& graph, const JobOptions& options, FileSystemRegistry& files, LeaderStore* store,
                                  uint64_t nonce, bool read_all);

struct RestartFrom {
  std::vector<CheckpointId> completed;  ///< by this job master or those before it, ascending; none: as the first start
  bool read_all = false;                ///< as LoadOptions
  bool may_fall_back = false;           ///< if the newest turns out to be damaged: to the newest of them that is whole
};
/// A further start after a failure.
StatusOr<PreparedJob> prepare_restart(const JobGraph& graph, const JobOptions& options, FileSystemRegistry& files, PreparedJob before,
                                      const RestartFrom& from);

/// Proves, before the first record, that the sinks can be written to.
Status probe_sinks(const JobGraph& graph, FileSystemRegistry& files);
/// By vertex: the splits of the sources that find nothing in the checkpoint; without a plan, on a fresh start, of all.
StatusOr<std::vector<std::vector<std::string>>> enumerate_splits(const JobGraph& graph, const RestorePlan* plan, FileSystemRegistry& files);

// The rest is pure.

/// Of a prepared job that takes checkpoints.
CoordinatorOptions coordinator_options(const JobGraph& graph, const JobOptions& options, const PreparedJob& prepared);

/// Who takes part in the checkpoints of an attempt: `worker_of_shard` says where subtask i of each vertex runs.
CheckpointParticipants participants_of(const JobGraph& graph, const std::vector<int32_t>& worker_of_shard);

/// Which state every subtask of the graph reads. Null on a fresh start.
StatusOr<std::shared_ptr<const RestorePlan>> restore_plan(const JobGraph& graph, const JobOptions& options, const StartingPoint& start);

}  // namespace weir
