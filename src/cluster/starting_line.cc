#include "cluster/starting_line.h"

#include <algorithm>

#include "base/bug_switch.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "checkpoint/protocol/paths.h"
#include "cluster/job_identity.h"
#include "config/options.h"

namespace weir {
namespace {

/// Loads the checkpoint that earlier leaders have agreed on. If it is missing, damaged or
/// different, the job does not start: any other checkpoint would lose or repeat visible output.
StatusOr<LoadedCheckpoint> load_pointed(const CompletedPointer& pointer, bool read_all,
                                        FileSystemRegistry& files) {
  WEIR_ASSIGN_OR_RETURN(FileLocation directory, files.resolve(pointer.uri));
  WEIR_ASSIGN_OR_RETURN(
      LoadedCheckpoint loaded,
      load_checkpoint(directory, {.read_all = read_all, .require_sidecar = true, .files = &files}));
  if (loaded.metadata->checkpoint_id != pointer.id ||
      loaded.sidecar->metadata_checksum != pointer.metadata_checksum) {
    return data_loss(cat("the last completed checkpoint is ", pointer.id, " in ", pointer.uri,
                         " as its coordinator recorded it, but another one lies there: give --from "
                         "the path of the one to go on from, after "
                         "removing the record in ZooKeeper"));
  }
  return loaded;
}

StartNumber start_of(const LoadedCheckpoint& loaded) {
  return loaded.sidecar ? loaded.sidecar->start : 0;
}

bool lies_in(const LoadedCheckpoint& loaded, const std::optional<FileLocation>& job) {
  return job && loaded.directory.path ==
                    job->child(checkpoint_directory_name(loaded.metadata->checkpoint_id)).path;
}

/// The last checkpoint of a line before `id`.
CheckpointId fork_of(const CheckpointLine& line, CheckpointId id) {
  CheckpointId fork = 0;
  for (const LineSegment& segment : line.before) {
    if (segment.last < id) fork = std::max(fork, segment.last);
  }
  return fork;
}

Status abandoned(const LoadedCheckpoint& loaded, const DirectoryState& directory) {
  const CheckpointId id = loaded.metadata->checkpoint_id;
  const CheckpointLine* living = directory.lineage.living(directory.inventory.completed);
  const CheckpointId fork = fork_of(*living, id);
  std::string text =
      cat("checkpoint ", id, " in ", loaded.directory.uri, " was abandoned when the job ",
          fork > 0 ? cat("went back to checkpoint ", fork) : std::string("was started anew"),
          ": what sinks had written after that was taken back, so results would be missing. ");
  const auto newest =
      std::find_if(directory.inventory.completed.begin(), directory.inventory.completed.end(),
                   [&](CheckpointId each) { return living->holds(each, std::nullopt); });
  text += newest != directory.inventory.completed.end()
              ? cat("The line of checkpoints that lives goes on to checkpoint ", *newest,
                    ": give --from latest to go on from there. ")
              : std::string("The line of checkpoints that lives has none left. ");
  return failed_precondition(cat(text, "To go on from checkpoint ", id, " nevertheless, set ",
                                 options::kAcceptAbandonedCheckpoint.name, " to true"));
}

/// Determines where the line begins. FAILED_PRECONDITION: the checkpoint is not on any living line.
Status place_on_line(const JobGraph& graph, const JobOptions& options,
                     const DirectoryState& directory, ChosenStart* chosen) {
  const LoadedCheckpoint& loaded = *chosen->snapshot;
  const CheckpointId id = loaded.metadata->checkpoint_id;
  LineBeginning& beginning = chosen->beginning;
  beginning.from = id;
  beginning.from_start = start_of(loaded);
  const bool here = lies_in(loaded, directory.job);
  // Flink's snapshots name no job. A snapshot of this job may have been copied elsewhere.
  const bool own = here || (loaded.sidecar && loaded.sidecar->job_id == graph.id);
  chosen->another_job = !own && loaded.sidecar && loaded.sidecar->job_id != JobId();
  if (!own || !directory.job) {
    beginning.elsewhere = true;
    beginning.origin = loaded.directory.uri;
    return {};
  }
  if (!here && directory.lineage.lines.empty() && directory.inventory.completed.empty()) {
    beginning.elsewhere = true;  // the directory is empty, so it cannot contradict the snapshot
    beginning.origin = loaded.directory.uri;
    return {};
  }
  if (!here) beginning.origin = loaded.directory.uri;
  if (directory.lineage.lines.empty() ||
      directory.lineage.line_of(id, beginning.from_start) != nullptr)
    return {};
  if (!options.accept_abandoned_checkpoint) return abandoned(loaded, directory);
  WEIR_LOG(kWarning) << "going on from checkpoint " << id
                     << ", which was abandoned: results of what was read after it may be missing "
                        "or be there twice";
  return {};
}

/// "latest": the newest intact checkpoint of the living line.
StatusOr<std::optional<LoadedCheckpoint>> find_on_line(const DirectoryState& directory,
                                                       const LoadOptions& how) {
  const std::vector<CheckpointId>& completed = directory.inventory.completed;
  const CheckpointLine* living = directory.lineage.living(completed);
  const CheckpointFilter filter = [&](CheckpointId id, const Sidecar* sidecar) {
    if (living == nullptr) return true;
    if (sidecar != nullptr) return living->holds(id, sidecar->start);
    return living->holds(id, std::nullopt) &&
           std::find(completed.begin(), completed.end(), id) != completed.end();
  };
  WEIR_ASSIGN_OR_RETURN(LatestCheckpoint latest, find_latest(*directory.job, how, filter));
  for (const std::string& line : latest.fallbacks) { WEIR_LOG(kWarning) << line; }
  if (latest.checkpoint) return std::move(latest.checkpoint);
  if (living != nullptr && !living->origin.empty()) {
    WEIR_ASSIGN_OR_RETURN(const FileLocation origin, how.files->resolve(living->origin));
    WEIR_ASSIGN_OR_RETURN(LoadedCheckpoint loaded,
                          load_checkpoint(origin, {.read_all = how.read_all, .files = how.files}));
    return std::optional<LoadedCheckpoint>(std::move(loaded));
  }
  if (living != nullptr && !living->empty()) {
    return failed_precondition(
        cat("the job went on from checkpoint ", living->before.back().last,
            ", and neither that nor a later one is left in ", directory.job->uri,
            ": give --from the path of the checkpoint to go on from, or none to begin anew"));
  }
  if (living == nullptr && !completed.empty()) {
    return unavailable(
        cat("checkpoint ", completed.front(), " was in ", directory.job->uri,
            ", and is there no more: storage does not tell the same twice. Start again"));
  }
  WEIR_LOG(kInfo) << "there is no completed checkpoint in " << directory.job->uri
                  << ": starting from the beginning";
  return std::optional<LoadedCheckpoint>();
}

/// Nothing: its sidecar is missing or damaged, or has a newer format.
StatusOr<std::optional<StartNumber>> start_that_completed(const FileLocation& checkpoint) {
  const FileLocation place = checkpoint.child(kSidecarFile);
  const auto bytes = read_file(*place.fs, place.path);
  if (bytes.status().code() == StatusCode::kNotFound) return std::optional<StartNumber>();
  if (!bytes.ok()) return bytes.status();
  const auto sidecar = decode_sidecar(*bytes);
  return sidecar.ok() ? std::optional<StartNumber>(sidecar->start) : std::nullopt;
}

}  // namespace

StatusOr<CheckpointInventory> list_on_lines(const FileLocation& job, const Lineage& lineage,
                                            std::vector<std::string>* late) {
  WEIR_ASSIGN_OR_RETURN(CheckpointInventory inventory, list_checkpoints(job));
  if (lineage.lines.empty()) return inventory;
  const auto on_a_line = [&](CheckpointId id, std::optional<StartNumber> start) {
    return std::any_of(lineage.lines.begin(), lineage.lines.end(),
                       [&](const CheckpointLine& line) { return line.holds(id, start); });
  };
  std::vector<CheckpointId> kept;
  for (const CheckpointId id : inventory.completed) {
    if (!on_a_line(id, std::nullopt)) continue;
    const FileLocation checkpoint = job.child(checkpoint_directory_name(id));
    WEIR_ASSIGN_OR_RETURN(const auto start, start_that_completed(checkpoint));
    if (on_a_line(id, start)) {
      kept.push_back(id);
    } else if (late != nullptr) {
      late->push_back(cat("checkpoint ", id, " in ", checkpoint.uri, " is ignored: start ", *start,
                          " of the job completed it after a newer start had been recorded"));
    }
  }
  inventory.completed = std::move(kept);
  return inventory;
}

StatusOr<DirectoryState> look_at_directory(const JobOptions& options, FileSystemRegistry& files) {
  DirectoryState directory;
  if (options.job_directory.empty()) return directory;
  WEIR_ASSIGN_OR_RETURN(directory.job, files.resolve(options.job_directory));
  // Keep this order: if another start is recorded after this look, recording this one will find it.
  WEIR_ASSIGN_OR_RETURN(directory.lineage, read_lineage(*directory.job));
  std::vector<std::string> late;
  WEIR_ASSIGN_OR_RETURN(directory.inventory,
                        list_on_lines(*directory.job, directory.lineage, &late));
  for (const std::string& line : late) { WEIR_LOG(kWarning) << line; }
  return directory;
}

StatusOr<ChosenStart> choose_start(const JobGraph& graph, const JobOptions& options,
                                   FileSystemRegistry& files, const DirectoryState& directory,
                                   const std::optional<CompletedPointer>& pointer, bool read_all) {
  ChosenStart chosen;
  chosen.beginning.new_line = !pointer && options.restore_from == kFromNone;
  const LoadOptions how{.read_all = read_all, .require_sidecar = true, .files = &files};
  if (pointer && bug_enabled(Bug::kPointerIgnored)) {
    WEIR_ASSIGN_OR_RETURN(LatestCheckpoint latest, find_latest(*directory.job, how));
    chosen.snapshot = std::move(latest.checkpoint);
  } else if (pointer && pointer->id > 0) {
    WEIR_ASSIGN_OR_RETURN(chosen.snapshot, load_pointed(*pointer, read_all, files));
  } else if (!pointer && options.restore_from == kFromLatest) {
    WEIR_ASSIGN_OR_RETURN(chosen.snapshot, find_on_line(directory, how));
  } else if (!pointer && options.restore_from != kFromNone) {
    WEIR_ASSIGN_OR_RETURN(const FileLocation given, files.resolve(options.restore_from));
    WEIR_ASSIGN_OR_RETURN(const FileLocation snapshot, locate_snapshot(given));
    WEIR_ASSIGN_OR_RETURN(chosen.snapshot,
                          load_checkpoint(snapshot, {.read_all = read_all, .files = &files}));
  }
  if (!chosen.snapshot) return chosen;
  if (chosen.snapshot->sidecar && chosen.snapshot->sidecar->job_id == graph.id) {
    WEIR_RETURN_IF_ERROR(check_arguments(*chosen.snapshot->sidecar, graph, options)
                             .with_context(chosen.snapshot->directory.uri));
  }
  WEIR_RETURN_IF_ERROR(place_on_line(graph, options, directory, &chosen));
  return chosen;
}

int64_t epoch_without_election(const JobOptions& options, FileSystemRegistry& files,
                               int64_t by_clock) {
  if (options.job_directory.empty()) return by_clock;
  const auto job = files.resolve(options.job_directory);
  if (!job.ok()) return by_clock;
  // If it cannot be read, the job's preparation refuses the job or waits.
  const auto lineage = read_lineage(*job);
  return lineage.ok() ? std::max(by_clock, lineage->epoch + 1) : by_clock;
}

}  // namespace weir
