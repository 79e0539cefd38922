#include "checkpoint/savepoint.h"

#include <set>
#include <utility>
#include <variant>

#include "base/log.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "checkpoint/keyed_layers.h"
#include "checkpoint/metadata.h"
#include "checkpoint/protocol/paths.h"
#include "checkpoint/shared_files.h"
#include "checkpoint/snapshot_loader.h"

namespace weir {
namespace {

constexpr int kTries = 10;
constexpr size_t kJobDigits = 6;
constexpr int kRandomDigits = 12;

Status not_found_is_fine(Status status) {
  return status.code() == StatusCode::kNotFound ? Status() : status;
}

/// The files beside `_metadata` that belong to the snapshot. A file elsewhere may belong to others.
/// `shared`: its files in the `shared/` of its job.
StatusOr<std::set<std::string>> files_of(const FileLocation& directory,
                                         std::set<std::string>* shared) {
  WEIR_ASSIGN_OR_RETURN(const std::string bytes,
                        read_file(*directory.fs, directory.child(kMetadataFile).path));
  MetadataDecoding decoding;
  decoding.directory = directory.uri;
  decoding.is_beside = [&directory](const std::string& name) {
    return directory.fs->stat(directory.child(name).path).ok();
  };
  WEIR_ASSIGN_OR_RETURN(const CheckpointMetadata metadata, decode_metadata(bytes, decoding));
  std::set<std::string> names = {std::string(kSidecarFile)};
  const auto add = [&](const StateStream& stream) {
    const auto* segment = std::get_if<FileSegment>(&stream);
    if (segment == nullptr) return;
    if (is_plain_file_name(segment->file)) names.insert(segment->file);
    if (const auto name = parse_shared_reference(segment->file)) shared->emplace(*name);
  };
  for (const OperatorSnapshotState& op : metadata.operators) {
    for (const auto& [index, subtask] : op.subtasks) {
      if (subtask.operator_state) add(subtask.operator_state->stream);
      if (subtask.keyed_state) for_each_stream(*subtask.keyed_state, add);
    }
  }
  return names;
}

}  // namespace

std::string savepoint_directory_name(const JobId& job, uint64_t nonce) {
  std::string digits(kRandomDigits, '0');
  for (size_t i = digits.size(); i-- > 0; nonce >>= 4) digits[i] = "0123456789abcdef"[nonce & 15];
  return cat("savepoint-", job.to_hex().substr(0, kJobDigits), "-", digits);
}

StatusOr<FileLocation> prepare_savepoint_directory(const FileLocation& target, const JobId& job,
                                                   uint64_t nonce) {
  const std::string what = cat("cannot make a directory for the savepoint in ", target.uri);
  for (int i = 0; i < kTries; ++i) {
    const FileLocation directory =
        target.child(savepoint_directory_name(job, nonce + static_cast<uint64_t>(i)));
    const auto existing = directory.fs->stat(directory.path);
    if (existing.ok()) continue;
    WEIR_RETURN_IF_ERROR(not_found_is_fine(existing.status()).with_context(what));
    WEIR_RETURN_IF_ERROR(directory.fs->make_directories(directory.path).with_context(what));
    return directory;
  }
  return already_exists(cat(what, ": ", kTries, " names in a row are taken"));
}

Status discard_unfinished_savepoint(const FileLocation& directory) {
  const std::string what = cat("cannot remove what is left of the savepoint ", directory.uri);
  const auto metadata = directory.fs->stat(directory.child(kMetadataFile).path);
  if (metadata.ok()) return failed_precondition(cat(what, ": it is complete"));
  WEIR_RETURN_IF_ERROR(not_found_is_fine(metadata.status()).with_context(what));
  return directory.fs->remove_all(directory.path).with_context(what);
}

Status dispose_savepoint(const FileLocation& given) {
  WEIR_ASSIGN_OR_RETURN(const FileLocation directory, locate_snapshot(given));
  const std::string what = cat("cannot remove the savepoint ", directory.uri);
  FileSystem& fs = *directory.fs;
  std::set<std::string> shared;
  const auto names = files_of(directory, &shared);
  if (!names.ok()) {
    return failed_precondition(cat(what, ": it is not known which files belong to it: ",
                                   names.status().message(), "; remove the directory itself"));
  }
  WEIR_RETURN_IF_ERROR(
      not_found_is_fine(fs.remove(directory.child(kMetadataFile).path)).with_context(what));
  for (const std::string& name : *names)
    WEIR_RETURN_IF_ERROR(
        not_found_is_fine(fs.remove(directory.child(name).path)).with_context(what));
  if (!shared.empty()) {
    const auto job_of = [](const std::string& of) { return of.substr(0, of.rfind('/')); };
    const FileLocation job{directory.fs, job_of(directory.path), job_of(directory.uri)};
    WEIR_RETURN_IF_ERROR(release_shared_files(job, shared).with_context(what));
  }
  const auto rest = fs.list(directory.path);
  if (!rest.ok()) return not_found_is_fine(rest.status()).with_context(what);
  if (!rest->empty()) {
    return failed_precondition(cat("the savepoint is removed, but ", directory.uri,
                                   " stays: it has ", rest->size(), " other files, such as ",
                                   rest->front().path));
  }
  return fs.remove_all(directory.path).with_context(what);
}

void SavepointDirectories::abandon(CheckpointId id, const FileLocation& directory) {
  abandoned_.insert_or_assign(id, directory);
  remove(directory);
}

void SavepointDirectories::remove_late_files(CheckpointId id) {
  const auto found = abandoned_.find(id);
  if (found != abandoned_.end()) remove(found->second);
}

void SavepointDirectories::remove(const FileLocation& directory) {
  run_([directory]() -> std::function<void()> {
    const Status status = discard_unfinished_savepoint(directory);
    if (!status.ok()) { WEIR_LOG(kWarning) << status.message(); }
    return [] {};
  });
}

void SavepointDirectories::claim(FileLocation snapshot) {
  claimed_ = std::move(snapshot);
  newer_ = 0;
}

void SavepointDirectories::on_completed() {
  if (++newer_ >= num_retained_) discard_claimed();
}

void SavepointDirectories::discard_claimed() {
  if (!claimed_) return;
  run_([directory = *std::exchange(claimed_, std::nullopt)]() -> std::function<void()> {
    const Status status = dispose_savepoint(directory);
    if (!status.ok()) {
      WEIR_LOG(kWarning) << status.with_context("the snapshot that the job has claimed").message();
    }
    return [] {};
  });
}

}  // namespace weir
