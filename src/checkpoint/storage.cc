#include "checkpoint/storage.h"

#include <algorithm>

#include "base/bug_switch.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "checkpoint/protocol/paths.h"
#include "checkpoint/shared_files.h"

namespace weir {
namespace {

Status not_found_is_fine(Status status) {
  return status.code() == StatusCode::kNotFound ? Status() : status;
}

std::string_view last_component(std::string_view path) { return path.substr(path.rfind('/') + 1); }

/// NOT_FOUND if the child does not exist.
StatusOr<FileInfo> stat_child(const FileLocation& directory, std::string_view name) {
  return directory.fs->stat(directory.child(name).path);
}

Status check_unfinished(const FileLocation& checkpoint, const std::string& what) {
  const auto metadata = stat_child(checkpoint, kMetadataFile);
  if (metadata.ok()) return failed_precondition(cat(what, ": it is complete"));
  return not_found_is_fine(metadata.status()).with_context(what);
}

}  // namespace

Status prepare_job_directory(const FileLocation& job) {
  for (const std::string_view name : {kSharedDirectory, kTaskOwnedDirectory}) {
    const FileLocation directory = job.child(name);
    if (Status status = job.fs->make_directories(directory.path); !status.ok()) {
      return status.with_context(
          cat("cannot make the checkpoint directory ", directory.uri,
              " (execution.checkpointing.dir must be a place that this process may write to)"));
    }
  }
  return {};
}

Status prepare_checkpoint_directory(const FileLocation& job, CheckpointId id) {
  const FileLocation directory = job.child(checkpoint_directory_name(id));
  const std::string what = cat("cannot start checkpoint ", id);
  const auto existing = directory.fs->stat(directory.path);
  if (existing.ok()) {
    return already_exists(cat(what, ": ", directory.uri,
                              " is there already, though this coordinator has not made it; stop "
                              "the other coordinator that works in this directory"));
  }
  WEIR_RETURN_IF_ERROR(not_found_is_fine(existing.status()).with_context(what));
  return directory.fs->make_directories(directory.path).with_context(what);
}

Status discard_checkpoint(const FileLocation& job, CheckpointId id) {
  const FileLocation directory = job.child(checkpoint_directory_name(id));
  const std::string what = cat("cannot remove checkpoint ", directory.uri);
  WEIR_RETURN_IF_ERROR(
      not_found_is_fine(job.fs->remove(directory.child(kMetadataFile).path)).with_context(what));
  return job.fs->remove_all(directory.path).with_context(what);
}

Status discard_aborted(const FileLocation& job, CheckpointId id, CoordinatorMark mark) {
  if (bug_enabled(Bug::kOrphansKept)) return {};
  if (bug_enabled(Bug::kFilesOfNextLeaderRemoved))
    return discard_unfinished(job, id, DirectoryAfterwards::kEmpty);
  const FileLocation directory = job.child(checkpoint_directory_name(id));
  const std::string what = cat("cannot remove what is left of checkpoint ", directory.uri);
  WEIR_RETURN_IF_ERROR(check_unfinished(directory, what));
  WEIR_RETURN_IF_ERROR(remove_shared_files_of(job, id, mark).with_context(what));
  const auto entries = job.fs->list(directory.path);
  if (!entries.ok()) return not_found_is_fine(entries.status()).with_context(what);
  WEIR_ASSIGN_OR_RETURN(std::vector<std::string> paths, job.fs->unfinished(directory.path));
  for (const FileInfo& entry : *entries) paths.push_back(entry.path);
  for (const std::string& path : paths) {
    const auto name = parse_data_file_name(last_component(path));
    if (name && name->mark() == mark)
      WEIR_RETURN_IF_ERROR(not_found_is_fine(job.fs->remove(path)).with_context(what));
  }
  return {};
}

Status discard_unfinished(const FileLocation& job, CheckpointId id,
                          DirectoryAfterwards afterwards) {
  if (bug_enabled(Bug::kOrphansKept)) return {};
  const FileLocation directory = job.child(checkpoint_directory_name(id));
  const std::string what = cat("cannot remove what is left of checkpoint ", directory.uri);
  WEIR_RETURN_IF_ERROR(check_unfinished(directory, what));
  WEIR_RETURN_IF_ERROR(remove_shared_files_of(job, id, std::nullopt).with_context(what));
  if (afterwards == DirectoryAfterwards::kRemoved)
    return job.fs->remove_all(directory.path).with_context(what);

  const auto entries = job.fs->list(directory.path);
  if (!entries.ok()) return not_found_is_fine(entries.status()).with_context(what);
  for (const FileInfo& entry : entries.value())
    WEIR_RETURN_IF_ERROR(job.fs->remove_all(entry.path).with_context(what));
  WEIR_ASSIGN_OR_RETURN(const auto unfinished, job.fs->unfinished(directory.path));
  for (const std::string& path : unfinished)
    WEIR_RETURN_IF_ERROR(not_found_is_fine(job.fs->remove(path)).with_context(what));
  return {};
}

Status discard_orphans(const FileLocation& job, const CheckpointInventory& inventory,
                       CheckpointId up_to) {
  for (const CheckpointId id : inventory.orphans) {
    if (id > up_to) break;
    // The highest id stays used: a writer that is still alive somewhere must find its path in use.
    const auto afterwards =
        id == inventory.highest ? DirectoryAfterwards::kEmpty : DirectoryAfterwards::kRemoved;
    const Status discarded = discard_unfinished(job, id, afterwards);
    // Its writer has completed it too late: it does not count, and disturbs nobody.
    if (discarded.code() == StatusCode::kFailedPrecondition) continue;
    WEIR_RETURN_IF_ERROR(discarded);
  }
  return {};
}

StatusOr<CheckpointInventory> list_checkpoints(const FileLocation& job) {
  CheckpointInventory inventory;
  const auto entries = job.fs->list(job.path);
  const std::string what = cat("cannot look for checkpoints in ", job.uri);
  if (!entries.ok()) {
    WEIR_RETURN_IF_ERROR(not_found_is_fine(entries.status()).with_context(what));
    return inventory;
  }
  for (const FileInfo& entry : entries.value()) {
    const auto id = parse_checkpoint_directory_name(last_component(entry.path));
    if (!id || !entry.is_directory) continue;
    inventory.highest = std::max(inventory.highest, *id);
    const auto metadata = stat_child(job.child(checkpoint_directory_name(*id)), kMetadataFile);
    if (metadata.ok() || bug_enabled(Bug::kLatestPicksIncomplete)) {
      inventory.completed.push_back(*id);
    } else {
      WEIR_RETURN_IF_ERROR(not_found_is_fine(metadata.status()).with_context(what));
      inventory.orphans.push_back(*id);
    }
  }
  std::sort(inventory.completed.rbegin(), inventory.completed.rend());
  std::sort(inventory.orphans.begin(), inventory.orphans.end());
  return inventory;
}

}  // namespace weir
