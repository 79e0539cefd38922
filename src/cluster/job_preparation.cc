#include "cluster/job_preparation.h"

#include <algorithm>
#include <string_view>

#include "base/bug_switch.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "checkpoint/protocol/paths.h"
#include "checkpoint/snapshot_loader.h"
#include "checkpoint/storage.h"
#include "fs/probe.h"
#include "runtime/user_code.h"

namespace weir {
namespace {

constexpr std::string_view kLatest = "latest";  // --from

std::vector<RestoreTarget> restore_targets(const JobGraph& graph) {
  std::vector<RestoreTarget> targets;
  for (const JobVertex& vertex : graph.vertices) {
    for (const JobOperator& op : vertex.chain) {
      targets.push_back({op.name, op.uid, op.id, vertex.parallelism, vertex.max_parallelism});
    }
  }
  return targets;
}

StatusOr<std::shared_ptr<const StartingPoint>> start_from(LoadedCheckpoint loaded, const JobGraph& graph, const JobOptions& options,
                                                          FileSystemRegistry& files) {
  auto start = std::make_shared<StartingPoint>();
  start->restored_checkpoint = loaded.metadata->checkpoint_id;
  start->restored_directory = loaded.directory.uri;
  start->metadata = std::move(loaded.metadata);
  // What does not fit at the full parallelism fits at none.
  WEIR_ASSIGN_OR_RETURN(const auto plan, restore_plan(graph, options, *start));
  WEIR_ASSIGN_OR_RETURN(start->splits, enumerate_splits(graph, plan.get(), files));
  if (loaded.sidecar) start->sidecar = std::make_shared<const Sidecar>(*std::move(loaded.sidecar));
  WEIR_LOG(kInfo) << "restoring from " << start->restored_directory << "\n" << plan->to_string();
  return std::shared_ptr<const StartingPoint>(std::move(start));
}

/// What the leaders before have agreed on. It is there, whole and the same, or the job is not started: anything else would lose or repeat
/// what is visible already.
StatusOr<LoadedCheckpoint> load_pointed(const CompletedPointer& pointer, bool read_all, FileSystemRegistry& files) {
  WEIR_ASSIGN_OR_RETURN(FileLocation directory, files.resolve(pointer.uri));
  WEIR_ASSIGN_OR_RETURN(LoadedCheckpoint loaded, load_checkpoint(directory, {.read_all = read_all, .require_sidecar = true, .files = &files}));
  if (loaded.metadata->checkpoint_id != pointer.id || loaded.sidecar->metadata_checksum != pointer.metadata_checksum) {
    return data_loss(cat("the last completed checkpoint is ", pointer.id, " in ", pointer.uri,
                         " as its coordinator recorded it, but another one lies there: give --from the path of the one to go on from, after "
                         "removing the record in ZooKeeper"));
  }
  return loaded;
}

void warn_of_fallbacks(const LatestCheckpoint& latest) {
  for (const std::string& line : latest.fallbacks) {
    WEIR_LOG(kWarning) << line;
  }
}

/// The snapshot that --from names; nothing for "none", and for "latest" when the job has none yet.
StatusOr<std::optional<LoadedCheckpoint>> find_snapshot(const JobOptions& options, bool read_all, const FileLocation* job,
                                                        FileSystemRegistry& files) {
  if (options.restore_from == "none") return std::optional<LoadedCheckpoint>();
  if (options.restore_from == kLatest) {
    WEIR_ASSIGN_OR_RETURN(LatestCheckpoint latest, find_latest(*job, {.read_all = read_all, .require_sidecar = true, .files = &files}));
    warn_of_fallbacks(latest);
    if (!latest.checkpoint) {
      WEIR_LOG(kInfo) << "there is no completed checkpoint in " << job->uri << ": starting from the beginning";
    }
    return std::move(latest.checkpoint);
  }
  WEIR_ASSIGN_OR_RETURN(FileLocation given, files.resolve(options.restore_from));
  WEIR_ASSIGN_OR_RETURN(FileLocation directory, locate_snapshot(given));
  WEIR_ASSIGN_OR_RETURN(LoadedCheckpoint loaded, load_checkpoint(directory, {.read_all = read_all, .files = &files}));
  return std::optional<LoadedCheckpoint>(std::move(loaded));
}

/// Says to all later leaders where the job begins. "latest" must mean the same to them, whatever a leader that is deposed before its first
/// checkpoint counts may still complete.
Status record_start(const StartingPoint& start, LeaderStore& store) {
  if (!start.metadata) return store.set_pointer({});
  return store.set_pointer(
      {start.restored_checkpoint, start.restored_directory, start.sidecar->metadata_length, start.sidecar->metadata_checksum});
}

Status remove_leftovers(const FileLocation& job, const CheckpointInventory& inventory) {
  if (bug_enabled(Bug::kLeftoversKept)) return {};
  for (const CheckpointId id : inventory.leftovers) {
    // The newest id stays taken: a writer that is still alive somewhere must find its path in use.
    const auto afterwards = id == inventory.highest ? DirectoryAfterwards::kEmpty : DirectoryAfterwards::kRemoved;
    WEIR_RETURN_IF_ERROR(discard_unfinished(job, id, afterwards));
  }
  return {};
}

/// Calls what a user's source or sink does before the job runs. Never ABORTED, which means that another coordinator leads.
template <class Call>
std::invoke_result_t<Call&> call_at_start(const std::string& label, Call call) {
  auto result = call_user_code(label, call);
  if (result.ok()) return result;
  Status status;
  if constexpr (std::is_same_v<decltype(result), Status>) {
    status = std::move(result);
  } else {
    status = result.status();
  }
  if (status.code() != StatusCode::kAborted) return status;
  return Status(StatusCode::kFailedPrecondition, std::string(status.message()));
}

/// What processes left that were killed while they probed. What cannot be removed now the next start will remove.
void remove_old_probes(const FileLocation& job) {
  const auto entries = job.fs->list(job.path);
  if (!entries.ok()) return;
  for (const FileInfo& entry : *entries) {
    const std::string_view name = std::string_view(entry.path).substr(entry.path.rfind('/') + 1);
    if (name.starts_with(kProbePrefix)) (void)job.fs->remove(entry.path);
  }
}

}  // namespace

Status probe_sinks(const JobGraph& graph, FileSystemRegistry& files) {
  for (const JobVertex& vertex : graph.vertices) {
    for (const JobOperator& op : vertex.chain) {
      if (!op.probe) continue;
      WEIR_RETURN_IF_ERROR(call_at_start(cat("operator '", op.name, "'"), [&] { return op.probe(files); }));
    }
  }
  return {};
}

StatusOr<std::vector<std::vector<std::string>>> enumerate_splits(const JobGraph& graph, const RestorePlan* plan, FileSystemRegistry& files) {
  std::vector<std::vector<std::string>> splits(graph.vertices.size());
  for (size_t v = 0; v < graph.vertices.size(); ++v) {
    const JobVertex& vertex = graph.vertices[v];
    if (!vertex.is_source) continue;
    const JobOperator& source = vertex.chain[0];
    const OperatorRestore* restore = plan != nullptr ? plan->find(source.id) : nullptr;
    if (restore != nullptr && restore->found) continue;
    WEIR_ASSIGN_OR_RETURN(splits[v], call_at_start(cat("source '", source.name, "'"), [&] { return source.enumerate(files, vertex.parallelism); }));
  }
  return splits;
}

StatusOr<PreparedJob> prepare_job(const JobGraph& graph, const JobOptions& options, FileSystemRegistry& files, LeaderStore* store,
                                  uint64_t nonce, bool read_all) {
  PreparedJob prepared;
  std::optional<FileLocation> job;
  if (!options.job_directory.empty()) {
    WEIR_ASSIGN_OR_RETURN(job, files.resolve(options.job_directory));
  }
  std::optional<CompletedPointer> pointer;
  if (store != nullptr) {
    WEIR_ASSIGN_OR_RETURN(prepared.result, store->result());
    if (prepared.result && !bug_enabled(Bug::kResultForgotten)) return prepared;
    prepared.result.reset();
    WEIR_ASSIGN_OR_RETURN(pointer, store->pointer());
    if (pointer && pointer->id == 0 && options.restore_from != kLatest) pointer.reset();  // nothing but the meaning of that word was recorded
  }
  std::optional<LoadedCheckpoint> snapshot;
  if (pointer && bug_enabled(Bug::kPointerIgnored)) {
    WEIR_ASSIGN_OR_RETURN(LatestCheckpoint latest, find_latest(*job, {.require_sidecar = true, .files = &files}));
    snapshot = std::move(latest.checkpoint);
  } else if (pointer && pointer->id > 0) {
    WEIR_ASSIGN_OR_RETURN(snapshot, load_pointed(*pointer, read_all, files));
  } else if (!pointer) {
    WEIR_ASSIGN_OR_RETURN(snapshot, find_snapshot(options, read_all, job ? &*job : nullptr, files));
  }
  if (snapshot) {
    const bool of_this_job = job && std::string_view(snapshot->directory.path).starts_with(job->path + "/");
    WEIR_ASSIGN_OR_RETURN(prepared.start, start_from(*std::move(snapshot), graph, options, files));
    if (of_this_job) prepared.completed.push_back(prepared.start->restored_checkpoint);
  }
  if (options.checkpoints_enabled) {
    WEIR_RETURN_IF_ERROR(prepare_job_directory(*job));
    WEIR_RETURN_IF_ERROR(probe_directory(*job, cat("probe-", nonce)));
    remove_old_probes(*job);
    WEIR_ASSIGN_OR_RETURN(const CheckpointInventory inventory, list_checkpoints(*job));
    if (store == nullptr) {
      WEIR_RETURN_IF_ERROR(remove_leftovers(*job, inventory));
    } else {
      // Not now: whoever is deposed while it prepares would remove what the next leader writes.
      prepared.leftovers = inventory.leftovers;
      for (const CheckpointId id : inventory.completed) {
        if (!pointer || id <= pointer->id) continue;
        prepared.unconfirmed.push_back(id);
        if (bug_enabled(Bug::kUnconfirmedRemovedAtOnce)) WEIR_RETURN_IF_ERROR(discard_checkpoint(*job, id));
      }
    }
    prepared.job_directory = job;
    prepared.highest_used_id = inventory.highest;
    if (bug_enabled(Bug::kUnconfirmedRemovedAtOnce) && !prepared.unconfirmed.empty()) prepared.highest_used_id = pointer->id;
    if (prepared.start) {
      // The restored one's elders are this job's too. Without a restore what lies here is left alone.
      for (const CheckpointId id : inventory.completed) {
        if (!prepared.completed.empty() && id < prepared.start->restored_checkpoint) prepared.completed.push_back(id);
      }
    } else if (!inventory.completed.empty() && !pointer) {
      WEIR_LOG(kWarning) << "starting from the beginning although " << job->uri << " holds checkpoint " << inventory.completed.front()
                         << "; it is kept, and --from latest would go on from there";
    }
  }
  WEIR_RETURN_IF_ERROR(probe_sinks(graph, files));
  if (!prepared.start) {
    auto fresh = std::make_shared<StartingPoint>();
    WEIR_ASSIGN_OR_RETURN(fresh->splits, enumerate_splits(graph, nullptr, files));
    prepared.start = std::move(fresh);
  }
  if (store != nullptr && !pointer && options.restore_from == kLatest) WEIR_RETURN_IF_ERROR(record_start(*prepared.start, *store));
  return prepared;
}

StatusOr<PreparedJob> prepare_restart(const JobGraph& graph, const JobOptions& options, FileSystemRegistry& files, PreparedJob before,
                                      const RestartFrom& from) {
  const bool as_before = from.completed.empty() || before.start->restored_checkpoint == from.completed.back();
  if (as_before && (!from.read_all || !before.start->metadata)) return before;
  LoadOptions how{.read_all = from.read_all, .require_sidecar = !from.completed.empty(), .files = &files};
  if (from.completed.empty()) {
    WEIR_ASSIGN_OR_RETURN(const FileLocation directory, files.resolve(before.start->restored_directory));
    WEIR_RETURN_IF_ERROR(load_checkpoint(directory, how).status());
    return before;
  }
  WEIR_ASSIGN_OR_RETURN(const FileLocation job, files.resolve(options.job_directory));
  auto loaded = load_checkpoint(job.child(checkpoint_directory_name(from.completed.back())), how);
  if (loaded.status().code() == StatusCode::kDataLoss && from.may_fall_back) {
    how.read_all = true;
    WEIR_ASSIGN_OR_RETURN(LatestCheckpoint latest, find_latest(job, how, &from.completed));
    warn_of_fallbacks(latest);
    if (latest.checkpoint) loaded = *std::move(latest.checkpoint);
  }
  if (!loaded.ok()) return loaded.status();
  WEIR_ASSIGN_OR_RETURN(before.start, start_from(*std::move(loaded), graph, options, files));
  return before;
}

CoordinatorOptions coordinator_options(const JobGraph& graph, const JobOptions& options, const PreparedJob& prepared) {
  CoordinatorOptions result;
  result.job = *prepared.job_directory;
  result.job_name = graph.name;
  result.job_id = graph.id;
  result.fingerprint = graph.fingerprint.to_hex();
  result.trigger = options.trigger;
  result.timeout = options.checkpoint_timeout;
  result.tolerable_failed_checkpoints = options.tolerable_failed_checkpoints;
  result.num_retained = options.num_retained;
  result.retention = options.retention;
  result.highest_used_id = prepared.highest_used_id;
  result.completed = prepared.completed;
  result.leftovers = prepared.leftovers;
  result.unconfirmed = prepared.unconfirmed;
  return result;
}

CheckpointParticipants participants_of(const JobGraph& graph, const std::vector<int32_t>& worker_of_shard) {
  CheckpointParticipants participants;
  const int32_t last = worker_of_shard.empty() ? 0 : *std::max_element(worker_of_shard.begin(), worker_of_shard.end());
  for (const JobVertex& vertex : graph.vertices) {
    for (const JobOperator& op : vertex.chain) {
      participants.operators.push_back({op.name, op.uid, op.id, vertex.parallelism, vertex.max_parallelism});
      for (int subtask = 0; subtask < vertex.parallelism; ++subtask) {
        if (bug_enabled(Bug::kWorkerForgottenInCheckpoint) && last > 0 && worker_of_shard[static_cast<size_t>(subtask)] == last) continue;
        participants.processes[worker_of_shard[static_cast<size_t>(subtask)]].push_back({op.id, subtask});
      }
    }
  }
  return participants;
}

StatusOr<std::shared_ptr<const RestorePlan>> restore_plan(const JobGraph& graph, const JobOptions& options, const StartingPoint& start) {
  if (!start.metadata) return std::shared_ptr<const RestorePlan>();
  WEIR_ASSIGN_OR_RETURN(RestorePlan plan, plan_restore(start.metadata, restore_targets(graph),
                                                       {.ignore_unclaimed_state = options.ignore_unclaimed_state}));
  return std::shared_ptr<const RestorePlan>(std::make_shared<const RestorePlan>(std::move(plan)));
}

}  // namespace weir
