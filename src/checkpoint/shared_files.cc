#include "checkpoint/shared_files.h"

#include <utility>
#include <vector>

#include "base/bug_switch.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "checkpoint/protocol/paths.h"
#include "checkpoint/sidecar.h"
#include "fs/file_system.h"

namespace weir {
namespace {

constexpr std::string_view kWhat = "cannot remove shared files of checkpoints";

Status not_found_is_fine(Status status) {
  return status.code() == StatusCode::kNotFound ? Status() : status;
}

std::string last_component(const std::string& path) { return path.substr(path.rfind('/') + 1); }

/// The names of the children of a directory; none if it does not exist.
StatusOr<std::vector<std::string>> names_in(const FileLocation& directory) {
  std::vector<std::string> names;
  const auto entries = directory.fs->list(directory.path);
  if (!entries.ok()) {
    WEIR_RETURN_IF_ERROR(not_found_is_fine(entries.status()).with_context(kWhat));
    return names;
  }
  for (const FileInfo& entry : *entries) names.push_back(last_component(entry.path));
  return names;
}

/// Adds the shared files that a checkpoint refers to, if it is complete.
Status add_references(const FileLocation& checkpoint, std::set<std::string>* names) {
  const auto metadata = checkpoint.fs->stat(checkpoint.child(kMetadataFile).path);
  if (!metadata.ok()) return not_found_is_fine(metadata.status());
  const auto bytes = read_file(*checkpoint.fs, checkpoint.child(kSidecarFile).path);
  if (!bytes.ok()) return not_found_is_fine(bytes.status());  // nobody can read it without that
  const auto sidecar = decode_sidecar(*bytes);
  if (!sidecar.ok())
    return sidecar.status().code() == StatusCode::kDataLoss ? Status() : sidecar.status();
  for (const DataFile& file : sidecar->files) {
    if (const auto shared = parse_shared_reference(file.name)) names->emplace(*shared);
  }
  return {};
}

/// Collects the references of all complete checkpoints in the directory.
StatusOr<std::set<std::string>> references_in(const FileLocation& job) {
  std::set<std::string> names;
  WEIR_ASSIGN_OR_RETURN(const std::vector<std::string> children, names_in(job));
  for (const std::string& child : children) {
    if (parse_checkpoint_directory_name(child))
      WEIR_RETURN_IF_ERROR(add_references(job.child(child), &names).with_context(kWhat));
  }
  return names;
}

Status remove_shared(const FileLocation& job, const std::string& name) {
  const FileLocation file = job.child(kSharedDirectory).child(name);
  return not_found_is_fine(file.fs->remove(file.path))
      .with_context(cat("cannot remove ", file.uri));
}

/// True if no attempt can still write the file, so that it may go unless a checkpoint needs it.
bool is_of_the_past(const std::string& name, const SharedSweep& sweep) {
  const auto parsed = parse_shared_file_name(name);
  if (!parsed || sweep.pending.contains(parsed->id)) return false;
  return parsed->id <= sweep.up_to ||
         (parsed->id <= sweep.own_up_to && parsed->file.mark() == sweep.mark);
}

/// Aborts the uploads that killed writers have left in an object store.
Status discard_uploads(const FileLocation& shared, const SharedSweep& sweep) {
  const auto uploads = shared.fs->unfinished(shared.path);
  if (!uploads.ok()) return uploads.status().with_context(kWhat);
  for (const std::string& path : *uploads) {
    if (!is_of_the_past(last_component(path), sweep)) continue;
    WEIR_RETURN_IF_ERROR(not_found_is_fine(shared.fs->discard({path, path})).with_context(kWhat));
  }
  return {};
}

}  // namespace

StatusOr<bool> sweep_shared_files(const FileLocation& job, const SharedSweep& sweep) {
  if (bug_enabled(Bug::kSharedFilesKept)) return false;
  WEIR_RETURN_IF_ERROR(discard_uploads(job.child(kSharedDirectory), sweep));
  WEIR_ASSIGN_OR_RETURN(const std::vector<std::string> files,
                        names_in(job.child(kSharedDirectory)));
  std::vector<std::string> candidates;
  for (const std::string& name : files) {
    if (!is_of_the_past(name, sweep)) continue;
    if (sweep.needed.contains(name) && !bug_enabled(Bug::kSharedFileDeletedEarly)) continue;
    candidates.push_back(name);
  }
  if (candidates.empty()) return files.empty();
  WEIR_ASSIGN_OR_RETURN(const std::set<std::string> referenced, references_in(job));
  size_t removed = 0;
  for (const std::string& name : candidates) {
    const bool early =
        bug_enabled(Bug::kSharedFileDeletedEarly) && parse_shared_file_name(name)->id < sweep.up_to;
    if (referenced.contains(name) && !early) continue;
    WEIR_RETURN_IF_ERROR(remove_shared(job, name));
    ++removed;
  }
  return removed == files.size();
}

StatusOr<std::vector<FileInfo>> unreferenced_shared_files(const FileLocation& job) {
  const FileLocation shared = job.child(kSharedDirectory);
  auto files = shared.fs->list(shared.path);
  if (files.status().code() == StatusCode::kNotFound) return std::vector<FileInfo>();
  if (!files.ok() || files->empty()) return files;
  WEIR_ASSIGN_OR_RETURN(const std::set<std::string> referenced, references_in(job));
  std::erase_if(*files, [&](const FileInfo& file) {
    const std::string name = last_component(file.path);
    return !parse_shared_file_name(name) || referenced.contains(name);
  });
  return files;
}

Status release_shared_files(const FileLocation& job, const std::set<std::string>& names) {
  WEIR_ASSIGN_OR_RETURN(const std::set<std::string> referenced, references_in(job));
  for (const std::string& name : names) {
    if (!referenced.contains(name)) WEIR_RETURN_IF_ERROR(remove_shared(job, name));
  }
  return {};
}

Status remove_shared_files_of(const FileLocation& job, CheckpointId id,
                              std::optional<CoordinatorMark> mark) {
  WEIR_ASSIGN_OR_RETURN(const std::vector<std::string> files,
                        names_in(job.child(kSharedDirectory)));
  std::set<std::string> its;
  for (const std::string& name : files) {
    const auto parsed = parse_shared_file_name(name);
    if (parsed && parsed->id == id && (!mark || parsed->file.mark() == *mark)) its.insert(name);
  }
  return its.empty() ? Status() : release_shared_files(job, its);
}

}  // namespace weir
