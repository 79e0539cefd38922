#pragma once

#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "checkpoint/coordinator.h"
#include "checkpoint/leader_store.h"
#include "checkpoint/lineage.h"
#include "checkpoint/restore_plan.h"
#include "cluster/job_options.h"
#include "fs/file_system_registry.h"
#include "graph/job_graph.h"

namespace weir {

/// What an attempt starts from. Who reads which part of it depends on the attempt's parallelism:
/// see cluster/deployment.h.
struct StartingPoint {
  CheckpointId restored_checkpoint = -1;               ///< -1: a fresh start
  std::string restored_directory;                      ///< URI of the checkpoint's directory
  std::shared_ptr<const CheckpointMetadata> metadata;  ///< null on a fresh start
  std::shared_ptr<const Sidecar>
      sidecar;  ///< types as the checkpoint was written with; null if it has none
  std::vector<std::vector<std::string>>
      splits;  ///< by vertex: of the sources that find nothing in the checkpoint
  std::vector<int32_t> max_parallelisms;  ///< by vertex: the graph's, or the restored state's where
                                          ///< the graph asks for none
  uint64_t run = 0;                       ///< OperatorContext::run_nonce()
  bool continues_run = true;
};

/// What is known when the first task may be started.
struct PreparedJob {
  std::optional<RecordedResult>
      result;  ///< the job has ended under an earlier leader; then there is nothing else
  std::optional<FileLocation> job_directory;  ///< if checkpoints are taken
  Lineage lineage;  ///< as this start has recorded it; empty without a directory
  std::shared_ptr<const StartingPoint> start;
  CheckpointId highest_used_id = 0;  ///< new checkpoint ids start above it
  std::vector<CheckpointId>
      orphans;  ///< of checkpoints that were never completed; to be removed when one has been
  std::vector<CheckpointId> unconfirmed;  ///< likewise: above the pointer, written by a leader that
                                          ///< was deposed before it could say so
  std::vector<CheckpointId> completed;    ///< checkpoints of this job that the restored one belongs
                                          ///< with; retention counts them
};

// Blocking; run on the I/O pool. What they refuse they refuse in a sentence, before the first
// record.

/// The first start of a job under this job master: proves that the checkpoint directory and the
/// sinks can be written to, reads the checkpoint that `store` points at or else the one that the
/// options name, finds (without a store: removes) what unfinished checkpoints left, enumerates the
/// sources' splits, and records the start, last of all: what is refused abandons nothing. `store`
/// may be null.
struct PreparationInputs {
  LeaderStore* store = nullptr;
  int64_t epoch = 0;
  uint64_t nonce = 0;    ///< makes names unique; names a new run
  bool read_all = true;  ///< as LoadOptions
};
StatusOr<PreparedJob> prepare_job(const JobGraph& graph, const JobOptions& options,
                                  FileSystemRegistry& files, const PreparationInputs& in);

struct RestartFrom {
  std::vector<CheckpointId>
      completed;  ///< by this job master or those before it, ascending; none: as the first start
  bool read_all = false;  ///< as LoadOptions
  bool may_fall_back =
      false;  ///< if the newest turns out to be damaged: to the newest of them that is whole
  std::set<CheckpointId>
      set_aside;  ///< could not be restored though it is whole; only with may_fall_back
  uint64_t nonce = 0;
};
/// A further start after a failure.
StatusOr<PreparedJob> prepare_restart(const JobGraph& graph, const JobOptions& options,
                                      FileSystemRegistry& files, PreparedJob before,
                                      const RestartFrom& from);

/// Proves, before the first record, that the sinks can be written to.
Status probe_sinks(const JobGraph& graph, FileSystemRegistry& files);
/// By vertex: the splits of the sources that find nothing in the checkpoint; without a plan, on a
/// fresh start, of all.
StatusOr<std::vector<std::vector<std::string>>> enumerate_splits(const JobGraph& graph,
                                                                 const RestorePlan* plan,
                                                                 FileSystemRegistry& files);

// The rest is pure.

/// Of a prepared job that takes checkpoints.
CoordinatorOptions coordinator_options(const JobGraph& graph, const JobOptions& options,
                                       const PreparedJob& prepared);

/// Who takes part in the checkpoints of an attempt: `worker_of_shard` says where subtask i of each
/// vertex runs.
CheckpointParticipants participants_of(const JobGraph& graph,
                                       const std::vector<int32_t>& worker_of_shard);

/// The graph with the max parallelisms that the restored state asks for. INVALID_ARGUMENT: it runs
/// wider than one of them.
StatusOr<JobGraph> with_max_parallelisms(const JobGraph& graph,
                                         const std::vector<int32_t>& max_parallelisms);

/// Which state every subtask of the graph reads. Null on a fresh start.
StatusOr<std::shared_ptr<const RestorePlan>> restore_plan(const JobGraph& graph,
                                                          const JobOptions& options,
                                                          const StartingPoint& start);

}  // namespace weir
