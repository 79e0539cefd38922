#include "fs/hdfs/hdfs_file_system.h"

#include <algorithm>

#include "base/status_macros.h"
#include "base/strings.h"
#include "fs/file_path.h"
#include "fs/hdfs/hdfs_readable_file.h"
#include "fs/hdfs/hdfs_status.h"
#include "fs/hdfs/hdfs_writable_file.h"

namespace weir {
namespace {

FileInfo info_of(std::string path, const HdfsFileStatus& status) {
  return {std::move(path), status.is_directory, status.length, status.modified_ms, status.file_id};
}

/// For calls that only look or remove, nothing exists below a file.
bool is_absent(const WebHdfsClient::Answer& answer) {
  return answer.refusal == Refusal::kNotFound || answer.refusal == Refusal::kNotADirectory;
}

}  // namespace

HdfsFileSystem::HdfsFileSystem(HdfsOptions options, WebHdfsOptions web, std::unique_ptr<Http> http)
    : options_(std::move(options)),
      client_(std::make_shared<WebHdfsClient>(std::move(web), std::move(http))) {}

StatusOr<std::unique_ptr<WritableFile>> HdfsFileSystem::create(const std::string& path,
                                                               CreateMode mode) {
  WEIR_RETURN_IF_ERROR(check_file_path(path));
  const auto existing = hdfs_status(*client_, "create", path);
  if (existing.ok()) {
    if (mode == CreateMode::kExclusive)
      return already_exists(cat("cannot create ", path, " on HDFS: it exists"));
    if (existing->is_directory)
      return failed_precondition(
          cat("cannot write the file ", path, " on HDFS: it is a directory"));
  } else if (existing.status().code() != StatusCode::kNotFound) {
    return existing.status();
  }
  return std::unique_ptr<WritableFile>(
      std::make_unique<HdfsWritableFile>(client_, options_, path, mode));
}

StatusOr<std::unique_ptr<ReadableFile>> HdfsFileSystem::open(const std::string& path) {
  WEIR_RETURN_IF_ERROR(check_file_path(path));
  WEIR_ASSIGN_OR_RETURN(const HdfsFileStatus status, hdfs_status(*client_, "open", path));
  if (status.is_directory)
    return failed_precondition(cat("cannot open ", path, " on HDFS as a file: it is a directory"));
  return std::unique_ptr<ReadableFile>(
      std::make_unique<HdfsReadableFile>(client_, path, status.length));
}

StatusOr<FileInfo> HdfsFileSystem::stat(const std::string& path) {
  WEIR_RETURN_IF_ERROR(check_file_path(path));
  WEIR_ASSIGN_OR_RETURN(const HdfsFileStatus status, hdfs_status(*client_, "look at", path));
  return info_of(path, status);
}

StatusOr<std::vector<FileInfo>> HdfsFileSystem::list(const std::string& path) {
  WEIR_RETURN_IF_ERROR(check_file_path(path));
  std::vector<FileInfo> entries;
  std::string last;
  while (true) {
    const auto answer = client_->call({HttpMethod::kGet, "LISTSTATUS_BATCH", "list", path},
                                      {{last.empty() ? "" : "startAfter", last}});
    if (!answer.status.ok())
      return is_absent(answer) ? Status(StatusCode::kNotFound, std::string(answer.status.message()))
                               : answer.status;
    auto page = parse_listing(answer.body);
    if (!page.ok()) return page.status().with_context(cat("cannot list ", path, " on HDFS"));
    for (HdfsFileStatus& entry : page->entries) {
      // Listing a file returns the file itself, without a name.
      if (entry.name.empty())
        return failed_precondition(cat("cannot list ", path, " on HDFS: it is a file"));
      last = entry.name;
      entries.push_back(info_of(join_path(path, entry.name), entry));
    }
    if (page->remaining == 0) break;
  }
  std::sort(entries.begin(), entries.end(),
            [](const FileInfo& a, const FileInfo& b) { return a.path < b.path; });
  return entries;
}

Status HdfsFileSystem::make_directories(const std::string& path) {
  WEIR_RETURN_IF_ERROR(check_file_path(path));
  const auto answer = client_->call({HttpMethod::kPut, "MKDIRS", "make the directory", path},
                                    {{"permission", options_.directory_permission}});
  if (!answer.status.ok()) return answer.status;
  const auto made = parse_boolean(answer.body);
  if (!made.ok())
    return made.status().with_context(cat("cannot make the directory ", path, " on HDFS"));
  return *made ? Status()
               : failed_precondition(cat("cannot make the directory ", path,
                                         " on HDFS: the NameNode declined without a reason"));
}

Status HdfsFileSystem::rename(const std::string& from, const std::string& to) {
  WEIR_RETURN_IF_ERROR(check_rename_paths(from, to));
  // The inode tells afterwards whether the file at the target is the one that this call moved.
  WEIR_ASSIGN_OR_RETURN(const HdfsFileStatus source, hdfs_status(*client_, "rename", from));
  // With the option the NameNode gives its reason for declining, and never moves into a directory;
  // without it, it only returns "false".
  const auto answer = client_->call({HttpMethod::kPut, "RENAME", "rename", from},
                                    {{"destination", to}, {"renameoptions", "NONE"}});
  Status failure = answer.status;
  if (failure.ok() && !answer.body.empty()) {  // a server that doesn't know the option
    const auto renamed = parse_boolean(answer.body);
    if (!renamed.ok())
      failure = renamed.status().with_context(cat("cannot rename ", from, " to ", to, " on HDFS"));
    else if (!*renamed)
      failure = failed_precondition(cat("cannot rename ", from, " to ", to,
                                        " on HDFS: the NameNode declined without a reason"));
  }
  if (failure.ok()) return {};
  failure = failure.with_context(cat("rename to ", to));
  const bool taken = answer.earlier_unknown || answer.refusal == Refusal::kOther;
  // No NameNode accepted the call.
  if (failure.code() == StatusCode::kUnavailable && !taken) return failure;
  if (answer.refusal == Refusal::kPermission || answer.refusal == Refusal::kInvalid ||
      answer.refusal == Refusal::kNotADirectory)
    return failure;

  const auto target = hdfs_status(*client_, "rename", to);
  if (target.ok()) {
    // The rename was done; its answer was lost.
    if (from != to && source.file_id != 0 && target->file_id == source.file_id) return {};
    return already_exists(cat("cannot rename ", from, " to ", to, " on HDFS: the target exists"));
  }
  if (target.status().code() != StatusCode::kNotFound)
    return unavailable(cat("cannot tell whether ", from, " was renamed to ", to,
                           " on HDFS: ", target.status().message()));
  if (answer.refusal) return failure;
  const auto left = hdfs_status(*client_, "rename", from);
  if (!left.ok() && left.status().code() == StatusCode::kNotFound) return left.status();
  return failure;
}

Status HdfsFileSystem::remove_with(const std::string& path, bool recursive) {
  const auto answer = client_->call({HttpMethod::kDelete, "DELETE", "remove", path},
                                    {{"recursive", recursive ? "true" : "false"}});
  if (!answer.status.ok())
    return is_absent(answer) ? Status(StatusCode::kNotFound, std::string(answer.status.message()))
                             : answer.status;
  const auto removed = parse_boolean(answer.body);
  if (!removed.ok()) return removed.status().with_context(cat("cannot remove ", path, " on HDFS"));
  if (*removed || answer.earlier_unknown) return {};
  return not_found(cat("cannot remove ", path, " on HDFS: there is nothing"));
}

Status HdfsFileSystem::remove(const std::string& path) {
  WEIR_RETURN_IF_ERROR(check_file_path(path));
  return remove_with(path, false);
}

Status HdfsFileSystem::remove_all(const std::string& path) {
  WEIR_RETURN_IF_ERROR(check_file_path(path));
  if (path == "/") return invalid_argument("the root of a file system cannot be removed");
  const Status status = remove_with(path, true);
  return status.code() == StatusCode::kNotFound ? Status() : status;
}

}  // namespace weir
