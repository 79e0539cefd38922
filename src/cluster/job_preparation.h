#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "checkpoint/coordinator.h"
#include "checkpoint/enumerator_state.h"
#include "checkpoint/leader_store.h"
#include "checkpoint/lineage.h"
#include "checkpoint/restore_plan.h"
#include "cluster/job_options.h"
#include "fs/file_system_registry.h"
#include "graph/job_graph.h"

namespace weir {

/// The splits that sources start with, by vertex.
struct SourceSplits {
  /// Known at the start, to be dealt to the subtasks. Only of sources without state in the
  /// checkpoint.
  std::vector<std::vector<std::string>> dealt;
  /// Of sources that find splits while the job runs: readers ask for them.
  struct OnRequest {
    EnumeratorState state;
    std::optional<std::chrono::milliseconds> again;  ///< nothing: discover at once
    bool at_once = false;                            ///< SplitEnumerator::assigns_at_once()
  };
  std::vector<std::optional<OnRequest>> on_request;
};

/// The start of an attempt. The assignment of state to subtasks depends on the attempt's
/// parallelism: see cluster/deployment.h.
struct StartingPoint {
  CheckpointId restored_checkpoint = -1;               ///< -1: a fresh start
  std::string restored_directory;                      ///< URI of the checkpoint's directory
  std::shared_ptr<const CheckpointMetadata> metadata;  ///< null on a fresh start
  /// Types that the checkpoint was written with; null if it has no sidecar.
  std::shared_ptr<const Sidecar> sidecar;
  SourceSplits splits;
  /// By vertex: the graph's, or that of the restored state where the graph sets none.
  std::vector<int32_t> max_parallelisms;
  uint64_t run = 0;  ///< OperatorContext::run_nonce()
  bool continues_run = true;
};

/// The result of a preparation, complete before the first task starts.
struct PreparedJob {
  /// Set if the job ended under an earlier leader; then nothing else is set.
  std::optional<RecordedResult> result;
  std::optional<FileLocation> job_directory;  ///< if checkpoints are taken
  Lineage lineage;  ///< as recorded by this start; empty without a directory
  std::shared_ptr<const StartingPoint> start;
  CheckpointId highest_used_id = 0;  ///< new checkpoint ids start above it
  /// Checkpoints that were never completed; to be removed once a new one has completed.
  std::vector<CheckpointId> orphans;
  /// To be removed too: above the pointer, written by a leader that was deposed before it set the
  /// pointer.
  std::vector<CheckpointId> unconfirmed;
  /// Checkpoints of this job on the same line as the restored one; count for retention.
  std::vector<CheckpointId> completed;
  /// A snapshot elsewhere that belongs to the job from now on.
  std::optional<FileLocation> claimed;
};

// Blocking; run on the I/O pool. They refuse a job with a message, before the first record.

/// Prepares the first start of a job under this job master. Proves that the checkpoint directory
/// and the sinks are writable. Reads the checkpoint that `store` points at, or else the one that
/// the options name. Finds (without a store: removes) the remains of unfinished checkpoints.
/// Enumerates the sources' splits. Records the start last, so that a refused start abandons
/// nothing. `store` may be null.
struct PreparationInputs {
  LeaderStore* store = nullptr;
  int64_t epoch = 0;
  uint64_t nonce = 0;    ///< for unique names; identifies a new run
  bool read_all = true;  ///< same as LoadOptions::read_all
};
StatusOr<PreparedJob> prepare_job(const JobGraph& graph, const JobOptions& options,
                                  FileSystemRegistry& files, const PreparationInputs& in);

struct RestartFrom {
  /// By this job master or earlier ones, ascending; empty: same as the first start.
  std::vector<CheckpointId> completed;
  bool read_all = false;  ///< same as LoadOptions::read_all
  /// If the newest is damaged, fall back to the newest intact one of them.
  bool may_fall_back = false;
  std::set<CheckpointId> set_aside;  ///< intact, but could not be restored; only with may_fall_back
  uint64_t nonce = 0;
};
/// Prepares a restart after a failure.
StatusOr<PreparedJob> prepare_restart(const JobGraph& graph, const JobOptions& options,
                                      FileSystemRegistry& files, PreparedJob before,
                                      const RestartFrom& from);
/// FAILED_PRECONDITION if another process has started the job since.
Status check_still_newest(const PreparedJob& prepared);

/// Proves, before the first record, that the sinks can be written to.
Status probe_sinks(const JobGraph& graph, FileSystemRegistry& files);
/// Finds the splits of the sources without state in the checkpoint, and takes over the states of
/// enumerators. Without a plan and metadata, on a fresh start, finds the splits of all sources.
StatusOr<SourceSplits> start_sources(const JobGraph& graph, const RestorePlan* plan,
                                     const CheckpointMetadata* metadata, FileSystemRegistry& files);

// The rest is pure.

/// `prepared` must take checkpoints.
CoordinatorOptions coordinator_options(const JobGraph& graph, const JobOptions& options,
                                       const PreparedJob& prepared);

/// The participants in the checkpoints of an attempt. `worker_of_shard`: where subtask i of each
/// vertex runs.
CheckpointParticipants participants_of(const JobGraph& graph,
                                       const std::vector<int32_t>& worker_of_shard);

/// The graph with the max parallelisms that the restored state requires. INVALID_ARGUMENT: a
/// parallelism exceeds one of them.
StatusOr<JobGraph> with_max_parallelisms(const JobGraph& graph,
                                         const std::vector<int32_t>& max_parallelisms);

/// The state that each subtask of the graph reads. Null on a fresh start.
StatusOr<std::shared_ptr<const RestorePlan>> restore_plan(const JobGraph& graph,
                                                          const JobOptions& options,
                                                          const StartingPoint& start);

}  // namespace weir
