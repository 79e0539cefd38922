#include "fs/s3/s3_file_system.h"

#include <algorithm>
#include <set>

#include "base/status_macros.h"
#include "base/strings.h"
#include "fs/file_path.h"
#include "fs/s3/s3_readable_file.h"
#include "fs/s3/s3_writable_file.h"

namespace weir {
namespace {

constexpr size_t kRemovalsAtATime = 16;

/// The prefix of all keys below a directory.
std::string prefix_of(const std::string& path) { return path == "/" ? "" : s3_key(path) + "/"; }

Status root_stays() { return invalid_argument("the root of a file system cannot be removed"); }

}  // namespace

StatusOr<bool> S3FileSystem::is_directory(const std::string& path) {
  WEIR_ASSIGN_OR_RETURN(const S3Listing below, client_->list(prefix_of(path), false, 1));
  return path == "/" || !below.objects.empty();
}

StatusOr<FileInfo> S3FileSystem::stat(const std::string& path) {
  WEIR_RETURN_IF_ERROR(check_file_path(path));
  if (path != "/") {
    const auto head = head_s3_object(*client_, "look at", s3_key(path));
    if (head.ok()) return FileInfo{path, false, head->size, head->modified_ms};
    if (head.status().code() != StatusCode::kNotFound) return head.status();
  }
  WEIR_ASSIGN_OR_RETURN(const bool directory, is_directory(path));
  if (!directory) return not_found(cat("there is no ", client_->uri_of(s3_key(path))));
  return FileInfo{path, true};
}

StatusOr<std::unique_ptr<WritableFile>> S3FileSystem::create(const std::string& path,
                                                             CreateMode mode) {
  const auto existing = stat(path);
  if (existing.ok()) {
    if (mode == CreateMode::kExclusive)
      return already_exists(cat("cannot create ", client_->uri_of(s3_key(path)), ": it exists"));
    if (existing->is_directory)
      return failed_precondition(
          cat("cannot write the file ", client_->uri_of(s3_key(path)), ": it is a directory"));
  } else if (existing.status().code() != StatusCode::kNotFound) {
    return existing.status();
  }
  return std::unique_ptr<WritableFile>(std::make_unique<S3WritableFile>(client_, path, mode));
}

StatusOr<std::unique_ptr<WritableFile>> S3FileSystem::stage(const StagedFile& file, CreateMode) {
  WEIR_RETURN_IF_ERROR(check_file_path(file.staged));
  WEIR_RETURN_IF_ERROR(check_file_path(file.target));
  return std::unique_ptr<WritableFile>(std::make_unique<S3WritableFile>(client_, staged_, file));
}

StatusOr<std::unique_ptr<ReadableFile>> S3FileSystem::open(const std::string& path) {
  WEIR_RETURN_IF_ERROR(check_file_path(path));
  auto head = head_s3_object(*client_, "open", s3_key(path));
  if (head.status().code() == StatusCode::kNotFound) {
    WEIR_ASSIGN_OR_RETURN(const FileInfo info, stat(path));
    return failed_precondition(
        cat("cannot open ", client_->uri_of(s3_key(path)), " as a file: it is a directory"));
  }
  if (!head.ok()) return head.status();
  return std::unique_ptr<ReadableFile>(
      std::make_unique<S3ReadableFile>(client_, s3_key(path), *std::move(head)));
}

StatusOr<std::vector<FileInfo>> S3FileSystem::list(const std::string& path) {
  WEIR_RETURN_IF_ERROR(check_file_path(path));
  const std::string prefix = prefix_of(path);
  WEIR_ASSIGN_OR_RETURN(const S3Listing listing, client_->list(prefix, true));
  std::vector<FileInfo> entries;
  // Keys that are no paths, such as "a//b", belong to other programs.
  const auto add = [&](std::string entry, bool directory, const S3Object& object) {
    if (check_file_path(entry).ok() && entry != path)
      entries.push_back({std::move(entry), directory, object.size, object.modified_ms});
  };
  for (const S3Object& object : listing.objects) {
    if (object.key != prefix) add("/" + object.key, false, object);
  }
  for (const std::string& below : listing.prefixes)
    add("/" + below.substr(0, below.size() - 1), true, {});
  if (listing.objects.empty() && listing.prefixes.empty() && path != "/") {
    const std::string uri = client_->uri_of(s3_key(path));
    const auto head = head_s3_object(*client_, "list", s3_key(path));
    if (head.ok()) return failed_precondition(cat("cannot list ", uri, ": it is a file"));
    if (head.status().code() != StatusCode::kNotFound) return head.status();
    return not_found(cat("cannot list ", uri, ": there is no such directory"));
  }
  std::sort(entries.begin(), entries.end(),
            [](const FileInfo& a, const FileInfo& b) { return a.path < b.path; });
  return entries;
}

Status S3FileSystem::make_directories(const std::string& path) {
  WEIR_RETURN_IF_ERROR(check_file_path(path));
  if (path == "/") return is_directory(path).status();
  const auto existing = head_s3_object(*client_, "look at", prefix_of(path));
  if (existing.ok()) return {};
  if (existing.status().code() != StatusCode::kNotFound) return existing.status();
  for (std::string part = path; part != "/"; part = parent_path(part)) {
    const auto file = head_s3_object(*client_, "look at", s3_key(part));
    if (file.ok())
      return failed_precondition(cat("cannot make the directory ", client_->uri_of(s3_key(path)),
                                     ": ", part, " is a file"));
    if (file.status().code() != StatusCode::kNotFound) return file.status();
  }
  return client_
      ->call({.method = "PUT",
              .what = "make the directory",
              .key = prefix_of(path),
              .body = std::make_shared<const std::string>()})
      .status;
}

Status S3FileSystem::rename(const std::string& from, const std::string& to) {
  WEIR_RETURN_IF_ERROR(check_rename_paths(from, to));
  return unimplemented(cat("cannot rename ", client_->uri_of(s3_key(from)),
                           ": S3 has no rename. Stage a file, and publish it"));
}

Status S3FileSystem::remove_object(const std::string& key) {
  const Status status = client_->call({.method = "DELETE", .what = "remove", .key = key}).status;
  return status.code() == StatusCode::kNotFound ? Status() : status;
}

StatusOr<int> S3FileSystem::abort_uploads(const std::string& path, bool below) {
  WEIR_ASSIGN_OR_RETURN(const auto uploads, client_->list_uploads(s3_key(path)));
  int count = 0;
  for (const S3Upload& upload : uploads) {
    const bool meant =
        upload.key == s3_key(path) || (below && upload.key.starts_with(prefix_of(path)));
    if (!meant) continue;
    WEIR_RETURN_IF_ERROR(client_->abort_upload(upload));
    ++count;
  }
  return count;
}

Status S3FileSystem::remove(const std::string& path) {
  WEIR_RETURN_IF_ERROR(check_file_path(path));
  if (path == "/") return root_stays();
  WEIR_ASSIGN_OR_RETURN(const int aborted, abort_uploads(path, false));
  const auto head = head_s3_object(*client_, "remove", s3_key(path));
  if (head.ok()) return remove_object(s3_key(path));
  if (head.status().code() != StatusCode::kNotFound) return head.status();
  WEIR_ASSIGN_OR_RETURN(const S3Listing below, client_->list(prefix_of(path), false, 2));
  const std::string uri = client_->uri_of(s3_key(path));
  if (below.objects.empty())
    return aborted > 0 ? Status() : not_found(cat("cannot remove ", uri, ": there is nothing"));
  if (below.objects.size() > 1 || below.objects.front().key != prefix_of(path))
    return failed_precondition(cat("cannot remove the directory ", uri, ": it is not empty"));
  return remove_object(prefix_of(path));
}

Status S3FileSystem::remove_all(const std::string& path) {
  WEIR_RETURN_IF_ERROR(check_file_path(path));
  if (path == "/") return root_stays();
  // Uploads first: one that is completed meanwhile is listed afterwards.
  WEIR_RETURN_IF_ERROR(abort_uploads(path, true).status());
  WEIR_ASSIGN_OR_RETURN(const S3Listing below, client_->list(prefix_of(path), false));
  std::vector<std::string> keys = {s3_key(path)};
  // Deepest first, so that a directory is empty when its own object is removed.
  for (auto it = below.objects.rbegin(); it != below.objects.rend(); ++it) keys.push_back(it->key);
  for (size_t from = 0; from < keys.size(); from += kRemovalsAtATime) {
    std::vector<S3Call> calls;
    for (size_t i = from; i < std::min(keys.size(), from + kRemovalsAtATime); ++i)
      calls.push_back({.method = "DELETE", .what = "remove", .key = keys[i]});
    for (const S3Answer& answer : client_->call_all(std::move(calls))) {
      if (!answer.status.ok() && answer.status.code() != StatusCode::kNotFound)
        return answer.status;
    }
  }
  return {};
}

StatusOr<std::vector<std::string>> S3FileSystem::unfinished(const std::string& directory) {
  WEIR_RETURN_IF_ERROR(check_file_path(directory));
  WEIR_ASSIGN_OR_RETURN(const auto uploads, client_->list_uploads(prefix_of(directory)));
  std::set<std::string> paths;
  for (const S3Upload& upload : uploads) {
    if (check_file_path("/" + upload.key).ok()) paths.insert("/" + upload.key);
  }
  return std::vector<std::string>(paths.begin(), paths.end());
}

}  // namespace weir
