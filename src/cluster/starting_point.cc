// From a checkpoint to the plan of an attempt.

#include "cluster/starting_point.h"

#include <algorithm>
#include <map>

#include "base/bug_switch.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "base/strings.h"

namespace weir {
namespace {

std::vector<RestoreTarget> restore_targets(const JobGraph& graph) {
  std::vector<RestoreTarget> targets;
  for (const JobVertex& vertex : graph.vertices) {
    for (const JobOperator& op : vertex.chain) {
      targets.push_back({op.name, op.uid, op.id, vertex.parallelism, vertex.max_parallelism});
    }
  }
  return targets;
}

/// For each vertex: the program's setting, or else the max parallelism that the state of its
/// operators requires.
std::vector<int32_t> max_parallelisms_of(const JobGraph& graph,
                                         const CheckpointMetadata& metadata) {
  std::vector<int32_t> result;
  for (const JobVertex& vertex : graph.vertices) {
    int max_parallelism = vertex.max_parallelism;
    for (const JobOperator& op : vertex.chain) {
      const auto stored = stored_max_parallelism(metadata, op.id);
      if (stored && !vertex.max_parallelism_given) max_parallelism = *stored;
    }
    result.push_back(max_parallelism);
  }
  return result;
}

}  // namespace

LoadedCheckpoint by_uid_hashes(LoadedCheckpoint loaded, const JobGraph& graph) {
  std::map<OperatorId, OperatorId> id_of_hash;
  for (const JobVertex& vertex : graph.vertices) {
    for (const JobOperator& op : vertex.chain) {
      if (op.uid_hash) id_of_hash.emplace(*op.uid_hash, op.id);
    }
  }
  for (const OperatorSnapshotState& state : loaded.metadata->operators)
    std::erase_if(id_of_hash, [&](const auto& entry) { return entry.second == state.id; });
  if (id_of_hash.empty()) return loaded;
  const auto rename = [&](OperatorId& id) {
    if (const auto found = id_of_hash.find(id); found != id_of_hash.end()) id = found->second;
  };
  CheckpointMetadata renamed = *loaded.metadata;
  for (OperatorSnapshotState& state : renamed.operators) rename(state.id);
  loaded.metadata = std::make_shared<const CheckpointMetadata>(std::move(renamed));
  if (loaded.sidecar) {
    for (OperatorStateDescription& types : loaded.sidecar->operators) rename(types.operator_id);
  }
  return loaded;
}

StatusOr<std::shared_ptr<StartingPoint>> start_from(LoadedCheckpoint loaded, const JobGraph& graph,
                                                    const JobOptions& options,
                                                    FileSystemRegistry& files) {
  loaded = by_uid_hashes(std::move(loaded), graph);
  auto start = std::make_shared<StartingPoint>();
  start->restored_checkpoint = loaded.metadata->checkpoint_id;
  start->restored_directory = loaded.directory.uri;
  start->metadata = std::move(loaded.metadata);
  start->max_parallelisms = max_parallelisms_of(graph, *start->metadata);
  WEIR_ASSIGN_OR_RETURN(const JobGraph fitting,
                        with_max_parallelisms(graph, start->max_parallelisms));
  // If the plan fails at the full parallelism, it fails at any.
  WEIR_ASSIGN_OR_RETURN(const auto plan, restore_plan(fitting, options, *start));
  WEIR_ASSIGN_OR_RETURN(start->splits,
                        start_sources(graph, plan.get(), start->metadata.get(), files));
  if (loaded.sidecar) start->sidecar = std::make_shared<const Sidecar>(*std::move(loaded.sidecar));
  WEIR_LOG(kInfo) << "restoring from " << start->restored_directory << "\n" << plan->to_string();
  return start;
}

CoordinatorOptions coordinator_options(const JobGraph& graph, const JobOptions& options,
                                       const PreparedJob& prepared) {
  CoordinatorOptions result;
  result.job = *prepared.job_directory;
  result.job_name = graph.name;
  result.job_id = graph.id;
  result.fingerprint = graph.fingerprint.to_hex();
  result.arguments = graph.arguments;
  result.start = prepared.lineage.newest;
  result.trigger = options.trigger;
  result.timeout = options.checkpoint_timeout;
  result.tolerable_failed_checkpoints = options.tolerable_failed_checkpoints;
  result.num_retained = options.num_retained;
  result.retention = options.retention;
  result.incremental = options.worker.incremental;
  result.highest_used_id = prepared.highest_used_id;
  result.completed = prepared.completed;
  result.orphans = prepared.orphans;
  result.unconfirmed = prepared.unconfirmed;
  result.claimed = prepared.claimed;
  return result;
}

CheckpointParticipants participants_of(const JobGraph& graph,
                                       const std::vector<int32_t>& worker_of_shard) {
  CheckpointParticipants participants;
  const int32_t last = worker_of_shard.empty()
                           ? 0
                           : *std::max_element(worker_of_shard.begin(), worker_of_shard.end());
  for (const JobVertex& vertex : graph.vertices) {
    for (const JobOperator& op : vertex.chain) {
      participants.operators.push_back(
          {op.name, op.uid, op.id, vertex.parallelism, vertex.max_parallelism});
      for (int subtask = 0; subtask < vertex.parallelism; ++subtask) {
        if (bug_enabled(Bug::kWorkerForgottenInCheckpoint) && last > 0 &&
            worker_of_shard[static_cast<size_t>(subtask)] == last)
          continue;
        participants.processes[worker_of_shard[static_cast<size_t>(subtask)]].push_back(
            {op.id, subtask});
      }
    }
  }
  return participants;
}

StatusOr<JobGraph> with_max_parallelisms(const JobGraph& graph,
                                         const std::vector<int32_t>& max_parallelisms) {
  JobGraph result = graph;
  for (size_t v = 0; v < std::min(max_parallelisms.size(), result.vertices.size()); ++v) {
    JobVertex& vertex = result.vertices[v];
    vertex.max_parallelism = max_parallelisms[v];
    if (vertex.parallelism > vertex.max_parallelism) {
      return failed_precondition(cat("'", vertex.name, "' is to run with parallelism ",
                                     vertex.parallelism,
                                     ", but its state was written with the max "
                                     "parallelism ",
                                     vertex.max_parallelism,
                                     ", which is fixed for the state's life: set the parallelism "
                                     "(parallelism.default, --parallelism) to ",
                                     vertex.max_parallelism, " or less"));
    }
  }
  return result;
}

StatusOr<std::shared_ptr<const RestorePlan>> restore_plan(const JobGraph& graph,
                                                          const JobOptions& options,
                                                          const StartingPoint& start) {
  if (!start.metadata) return std::shared_ptr<const RestorePlan>();
  WEIR_ASSIGN_OR_RETURN(RestorePlan plan,
                        plan_restore(start.metadata, restore_targets(graph),
                                     {.ignore_unclaimed_state = options.ignore_unclaimed_state}));
  return std::shared_ptr<const RestorePlan>(std::make_shared<const RestorePlan>(std::move(plan)));
}

}  // namespace weir
