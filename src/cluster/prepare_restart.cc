#include <algorithm>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/status_macros.h"
#include "checkpoint/protocol/paths.h"
#include "checkpoint/snapshot_loader.h"
#include "checkpoint/storage.h"
#include "cluster/job_preparation.h"
#include "cluster/starting_line.h"
#include "cluster/starting_point.h"

namespace weir {
namespace {

/// Records that a running job goes back to a checkpoint older than its newest.
Status record_going_back(const FileLocation& job, const LoadedCheckpoint& to, uint64_t nonce,
                         PreparedJob* prepared) {
  if (prepared->lineage.newest == 0) return {};
  WEIR_ASSIGN_OR_RETURN(const CheckpointInventory inventory, list_on_lines(job, prepared->lineage));
  const LineBeginning beginning{.from = to.metadata->checkpoint_id,
                                .from_start = to.sidecar->start,
                                .origin = {},
                                .new_run = nonce};
  Lineage lineage =
      begin_line(prepared->lineage, beginning, inventory.highest, inventory.completed);
  WEIR_RETURN_IF_ERROR(record_lineage(job, lineage, nonce));
  prepared->lineage = std::move(lineage);
  return {};
}

/// The checkpoints that a restart may restore, ascending.
std::vector<CheckpointId> candidates_of(const RestartFrom& from, const Lineage& lineage) {
  std::vector<CheckpointId> candidates;
  for (const CheckpointId id : from.completed) {
    if (from.set_aside.contains(id)) continue;
    if (lineage.lines.empty() || lineage.lines.back().holds(id, std::nullopt))
      candidates.push_back(id);
  }
  return candidates;
}

/// Reads the newest candidate or, if it is damaged and the job may fall back, the newest intact
/// one.
StatusOr<LoadedCheckpoint> load_newest(const FileLocation& job,
                                       const std::vector<CheckpointId>& candidates,
                                       const RestartFrom& from, LoadOptions how) {
  auto loaded = load_checkpoint(job.child(checkpoint_directory_name(candidates.back())), how);
  if (loaded.status().code() != StatusCode::kDataLoss || !from.may_fall_back) return loaded;
  how.read_all = true;
  WEIR_ASSIGN_OR_RETURN(
      LatestCheckpoint latest, find_latest(job, how, [&](CheckpointId id, const Sidecar*) {
        return std::find(candidates.begin(), candidates.end(), id) != candidates.end();
      }));
  for (const std::string& line : latest.fallbacks) { WEIR_LOG(kWarning) << line; }
  if (latest.checkpoint) return *std::move(latest.checkpoint);
  return loaded;
}

}  // namespace

Status check_still_newest(const PreparedJob& prepared) {
  if (!prepared.job_directory || prepared.lineage.newest == 0) return {};
  Status newest = check_newest_start(*prepared.job_directory, prepared.lineage.newest);
  if (newest.code() != StatusCode::kAborted) return newest;
  return failed_precondition(std::string(newest.message()));
}

StatusOr<PreparedJob> prepare_restart(const JobGraph& graph, const JobOptions& options,
                                      FileSystemRegistry& files, PreparedJob before,
                                      const RestartFrom& from) {
  WEIR_RETURN_IF_ERROR(check_still_newest(before));
  const std::vector<CheckpointId> candidates = candidates_of(from, before.lineage);
  if (candidates.empty() && !from.set_aside.empty()) {
    return failed_precondition(
        "no checkpoint is left that could be restored; give --from the path of another one, or "
        "mend what is wrong");
  }
  const bool as_before =
      candidates.empty() || before.start->restored_checkpoint == candidates.back();
  if (as_before && (!from.read_all || !before.start->metadata)) return before;
  const LoadOptions how{
      .read_all = from.read_all, .require_sidecar = !candidates.empty(), .files = &files};
  if (candidates.empty()) {
    WEIR_ASSIGN_OR_RETURN(const FileLocation directory,
                          files.resolve(before.start->restored_directory));
    WEIR_RETURN_IF_ERROR(load_checkpoint(directory, how).status());
    return before;
  }
  WEIR_ASSIGN_OR_RETURN(const FileLocation job, files.resolve(options.job_directory));
  WEIR_ASSIGN_OR_RETURN(LoadedCheckpoint loaded, load_newest(job, candidates, from, how));
  if (from.may_fall_back && loaded.metadata->checkpoint_id < from.completed.back()) {
    WEIR_RETURN_IF_ERROR(record_going_back(job, loaded, from.nonce, &before));
  }
  WEIR_ASSIGN_OR_RETURN(const auto start, start_from(std::move(loaded), graph, options, files));
  start->run = before.start->run;
  start->continues_run = true;  // the checkpoint belongs to this run
  before.start = start;
  return before;
}

}  // namespace weir
