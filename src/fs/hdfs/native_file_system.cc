#include "fs/hdfs/native_file_system.h"

#include <algorithm>

#include "base/status_macros.h"
#include "base/strings.h"
#include "fs/file_path.h"
#include "fs/hdfs/native_readable_file.h"
#include "fs/hdfs/native_writable_file.h"
#include "fs/hdfs/rpc/hadoop.pb.h"

namespace weir {
namespace {

FileInfo info_of(std::string path, const hadoop::HdfsFileStatus& status) {
  const bool is_directory = status.filetype() == hadoop::HdfsFileStatus::IS_DIR;
  return {std::move(path), is_directory, is_directory ? 0 : static_cast<int64_t>(status.length()),
          static_cast<int64_t>(status.modification_time()), static_cast<int64_t>(status.fileid())};
}

/// For calls that only look or remove, nothing exists below a file.
bool is_absent(const NameNodeClient::Answer& answer) {
  return answer.refusal == Refusal::kNotFound || answer.refusal == Refusal::kNotADirectory;
}

Status absent(const NameNodeClient::Answer& answer) {
  return not_found(std::string(answer.status.message()));
}

}  // namespace

StatusOr<std::unique_ptr<WritableFile>> NativeFileSystem::create(const std::string& path,
                                                                 CreateMode mode) {
  WEIR_RETURN_IF_ERROR(check_file_path(path));
  return NativeWritableFile::create(hdfs_, path, mode);
}

StatusOr<std::unique_ptr<ReadableFile>> NativeFileSystem::open(const std::string& path) {
  WEIR_RETURN_IF_ERROR(check_file_path(path));
  auto file = NativeReadableFile::open(hdfs_, path);
  if (file.ok() || file.status().code() != StatusCode::kNotFound) return file;
  // The NameNode finds no file at a directory either.
  const auto info = look("open", path);
  if (info.ok() && info->is_directory)
    return failed_precondition(cat("cannot open ", path, " on HDFS as a file: it is a directory"));
  return file;
}

StatusOr<FileInfo> NativeFileSystem::look(std::string_view what, const std::string& path) {
  hadoop::GetFileInfoRequest request;
  request.set_src(path);
  hadoop::GetFileInfoResponse response;
  const auto answer = hdfs_->namenode->call({"getFileInfo", what, path}, request, &response);
  if (is_absent(answer)) return absent(answer);
  WEIR_RETURN_IF_ERROR(answer.status);
  if (!response.has_fs())
    return not_found(cat("cannot ", what, " ", path, " on HDFS: there is nothing"));
  return info_of(path, response.fs());
}

StatusOr<FileInfo> NativeFileSystem::stat(const std::string& path) {
  WEIR_RETURN_IF_ERROR(check_file_path(path));
  return look("look at", path);
}

StatusOr<std::vector<FileInfo>> NativeFileSystem::list(const std::string& path) {
  WEIR_RETURN_IF_ERROR(check_file_path(path));
  std::vector<FileInfo> entries;
  hadoop::GetListingRequest request;
  request.set_src(path);
  request.set_startafter("");
  request.set_needlocation(false);
  while (true) {
    hadoop::GetListingResponse response;
    const auto answer = hdfs_->namenode->call({"getListing", "list", path}, request, &response);
    if (is_absent(answer)) return absent(answer);
    WEIR_RETURN_IF_ERROR(answer.status);
    if (!response.has_dirlist())
      return not_found(cat("cannot list ", path, " on HDFS: there is nothing"));
    for (const hadoop::HdfsFileStatus& entry : response.dirlist().partiallisting()) {
      // Listing a file returns the file itself, without a name.
      if (entry.path().empty())
        return failed_precondition(cat("cannot list ", path, " on HDFS: it is a file"));
      request.set_startafter(entry.path());
      entries.push_back(info_of(join_path(path, entry.path()), entry));
    }
    if (response.dirlist().remainingentries() == 0) break;
    if (response.dirlist().partiallisting_size() == 0)
      return unavailable(cat("cannot list ", path, " on HDFS: the NameNode sent an empty page of ",
                             response.dirlist().remainingentries(), " entries"));
  }
  std::sort(entries.begin(), entries.end(),
            [](const FileInfo& a, const FileInfo& b) { return a.path < b.path; });
  return entries;
}

Status NativeFileSystem::make_directories(const std::string& path) {
  WEIR_RETURN_IF_ERROR(check_file_path(path));
  hadoop::MkdirsRequest request;
  request.set_src(path);
  request.mutable_masked()->set_perm(permission_bits(hdfs_->options.directory_permission));
  request.set_createparent(true);
  hadoop::MkdirsResponse response;
  const auto answer =
      hdfs_->namenode->call({"mkdirs", "make the directory", path}, request, &response);
  WEIR_RETURN_IF_ERROR(answer.status);
  return response.result()
             ? Status()
             : failed_precondition(cat("cannot make the directory ", path,
                                       " on HDFS: the NameNode declined without a reason"));
}

Status NativeFileSystem::rename(const std::string& from, const std::string& to) {
  WEIR_RETURN_IF_ERROR(check_rename_paths(from, to));
  // The inode tells afterwards whether the file at the target is the one that this call moved.
  WEIR_ASSIGN_OR_RETURN(const FileInfo source, look("rename", from));
  hadoop::Rename2Request request;
  request.set_src(from);
  request.set_dst(to);
  request.set_overwritedest(false);
  hadoop::Nothing nothing;
  const auto answer = hdfs_->namenode->call({"rename2", "rename", from}, request, &nothing);
  if (answer.status.ok()) return {};
  Status failure = answer.status.with_context(cat("rename to ", to));
  // The NameNode says only that a file and a directory differ.
  if (!answer.earlier_unknown && answer.refusal != Refusal::kOther) return failure;

  // The call may have been carried out too long ago for the NameNode to remember.
  const auto target = look("rename", to);
  if (target.ok()) {
    if (from != to && source.file_id != 0 && target->file_id == source.file_id) return {};
    return already_exists(cat("cannot rename ", from, " to ", to, " on HDFS: the target exists"));
  }
  if (target.status().code() != StatusCode::kNotFound || !answer.refusal) {
    return unavailable(
        cat("cannot tell whether ", from, " was renamed to ", to, " on HDFS: ", failure.message()));
  }
  return failure;
}

Status NativeFileSystem::remove_with(const std::string& path, bool recursive) {
  hadoop::DeleteRequest request;
  request.set_src(path);
  request.set_recursive(recursive);
  hadoop::DeleteResponse response;
  const auto answer = hdfs_->namenode->call({"delete", "remove", path}, request, &response);
  if (is_absent(answer)) return absent(answer);
  WEIR_RETURN_IF_ERROR(answer.status);
  if (response.result() || answer.earlier_unknown) return {};
  return not_found(cat("cannot remove ", path, " on HDFS: there is nothing"));
}

Status NativeFileSystem::remove(const std::string& path) {
  WEIR_RETURN_IF_ERROR(check_file_path(path));
  return remove_with(path, false);
}

Status NativeFileSystem::remove_all(const std::string& path) {
  WEIR_RETURN_IF_ERROR(check_file_path(path));
  if (path == "/") return invalid_argument("the root of a file system cannot be removed");
  const Status status = remove_with(path, true);
  return status.code() == StatusCode::kNotFound ? Status() : status;
}

}  // namespace weir
