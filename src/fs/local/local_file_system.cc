#include "fs/local/local_file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <memory>

#include "base/status_macros.h"
#include "base/strings.h"
#include "fs/file_path.h"
#include "fs/local/local_errors.h"
#include "fs/local/local_files.h"

namespace weir {
namespace {

constexpr unsigned kFileMode = 0666;  // the process's umask still applies
constexpr unsigned kDirectoryMode = 0777;

std::string_view special_kind(const struct stat& entry) {
  if (S_ISFIFO(entry.st_mode)) return "a pipe";
  if (S_ISSOCK(entry.st_mode)) return "a socket";
  return S_ISCHR(entry.st_mode) || S_ISBLK(entry.st_mode) ? "a device" : "";
}

FileInfo info_of(const std::string& path, const struct stat& entry) {
  const bool is_directory = S_ISDIR(entry.st_mode);
  return {path,
          is_directory,
          is_directory ? 0 : static_cast<int64_t>(entry.st_size),
          static_cast<int64_t>(entry.st_mtim.tv_sec) * 1000 + entry.st_mtim.tv_nsec / 1000000,
          static_cast<int64_t>(entry.st_ino),
          special_kind(entry)};
}

/// Files of /proc and /sys report a size of 0.
bool holds_more_than_it_says(int fd, const struct stat& entry) {
  char byte;
  return entry.st_size == 0 && ::pread(fd, &byte, 1, 0) > 0;
}

/// Makes one directory and syncs it into its parent; `made` tells whether it is new.
Status make_directory(const std::string& path, bool* made) {
  *made = ::mkdir(path.c_str(), kDirectoryMode) == 0;
  if (*made) return sync_directory(parent_path(path));
  if (errno != EEXIST) return local_error(errno, cat("make the directory ", path), path);
  struct stat entry{};
  if (::stat(path.c_str(), &entry) == 0 && !S_ISDIR(entry.st_mode)) {
    return failed_precondition(cat("cannot make the directory ", path, ": a file has that name"));
  }
  return {};
}

/// For calls that only look or remove: nothing exists below a file.
Status absence_error(int error, const std::string& what, const std::string& path) {
  return local_error(error == ENOTDIR ? ENOENT : error, what, path);
}

/// Both names lead to one file: an earlier rename_by_link made the new name and was interrupted, or
/// its answer was lost (NFS).
bool is_linked_already(const std::string& from, const std::string& to) {
  struct stat source{};
  struct stat target{};
  return from != to && ::lstat(from.c_str(), &source) == 0 && ::lstat(to.c_str(), &target) == 0 &&
         S_ISREG(source.st_mode) && source.st_dev == target.st_dev &&
         source.st_ino == target.st_ino;
}

Status unlink_source(const std::string& from, const std::string& what) {
  return ::unlink(from.c_str()) != 0 && errno != ENOENT ? local_error(errno, what, from) : Status();
}

/// Checks the names as renameat2 would, because link + unlink cannot.
Status rename_by_link(const std::string& from, const std::string& to, const std::string& what) {
  struct stat source{};
  if (::lstat(from.c_str(), &source) != 0) return local_error(errno, what, from);
  if (S_ISDIR(source.st_mode)) {
    struct stat target{};
    if (::lstat(to.c_str(), &target) == 0) return local_error(EEXIST, what, to);
    return unimplemented(cat("cannot ", what,
                             ": this file system has no rename that never replaces, and for "
                             "directories nothing else will do"));
  }
  if (::link(from.c_str(), to.c_str()) != 0) return local_error(errno, what, to);
  return unlink_source(from, what);
}

}  // namespace

StatusOr<std::unique_ptr<WritableFile>> LocalFileSystem::create(const std::string& path,
                                                                CreateMode mode) {
  WEIR_RETURN_IF_ERROR(check_file_path(path));
  if (mode == CreateMode::kReplace) {
    // Under its other name the file may be a published one: see is_linked_already.
    struct stat existing{};
    if (::lstat(path.c_str(), &existing) == 0 && S_ISREG(existing.st_mode) &&
        existing.st_nlink > 1 && ::unlink(path.c_str()) != 0) {
      return local_error(errno, cat("replace ", path), path);
    }
  }
  // A symbolic link planted at this path must not redirect the bytes.
  const int flags =
      O_WRONLY | O_CREAT | O_NOFOLLOW | (mode == CreateMode::kExclusive ? O_EXCL : O_TRUNC);
  Descriptor file = open_descriptor(path, flags, kFileMode);
  if (!file.valid() && errno == ENOENT) {
    WEIR_RETURN_IF_ERROR(make_directories(parent_path(path)));
    file = open_descriptor(path, flags, kFileMode);
  }
  if (!file.valid()) return local_error(errno, cat("create the file ", path), path);
  return std::unique_ptr<WritableFile>(std::make_unique<LocalWritableFile>(path, std::move(file)));
}

StatusOr<std::unique_ptr<ReadableFile>> LocalFileSystem::open(const std::string& path) {
  WEIR_RETURN_IF_ERROR(check_file_path(path));
  // Without O_NONBLOCK, opening a pipe would wait for its writer.
  Descriptor file = open_descriptor(path, O_RDONLY | O_NONBLOCK);
  if (!file.valid()) return absence_error(errno, cat("open ", path), path);
  struct stat entry{};
  if (::fstat(file.get(), &entry) != 0) return local_error(errno, cat("look at ", path), path);
  if (S_ISDIR(entry.st_mode)) return local_error(EISDIR, cat("open ", path, " as a file"), path);
  if (!S_ISREG(entry.st_mode))
    return failed_precondition(
        cat("cannot open ", path, " as a file: it is ", special_kind(entry)));
  if (holds_more_than_it_says(file.get(), entry)) {
    return failed_precondition(cat(
        "cannot open ", path,
        " as a file: the system makes its content up when it is read (as in /proc and /sys), so it "
        "has no size and no bytes to come back to; copy it into a file first (cat ",
        path, " > file)"));
  }
  return std::unique_ptr<ReadableFile>(std::make_unique<LocalReadableFile>(
      path, std::move(file), static_cast<int64_t>(entry.st_size)));
}

StatusOr<FileInfo> LocalFileSystem::stat(const std::string& path) {
  WEIR_RETURN_IF_ERROR(check_file_path(path));
  struct stat entry{};
  if (::stat(path.c_str(), &entry) != 0) return absence_error(errno, cat("look at ", path), path);
  return info_of(path, entry);
}

StatusOr<std::vector<FileInfo>> LocalFileSystem::list(const std::string& path) {
  WEIR_RETURN_IF_ERROR(check_file_path(path));
  const std::string what = cat("list ", path);
  Descriptor directory = open_descriptor(path, O_RDONLY | O_DIRECTORY);
  if (!directory.valid()) {
    const int error = errno;
    struct stat entry{};
    return error == ENOTDIR && ::stat(path.c_str(), &entry) == 0 ? local_error(error, what, path)
                                                                 : absence_error(error, what, path);
  }
  const int fd = directory.get();
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(fd), &::closedir);
  if (stream == nullptr) return local_error(errno, what, path);
  directory.release();
  std::vector<FileInfo> entries;
  while (true) {
    errno = 0;
    const dirent* next = ::readdir(stream.get());
    if (next == nullptr) {
      if (errno != 0) return local_error(errno, what, path);
      break;
    }
    const std::string_view name = next->d_name;
    if (name == "." || name == "..") continue;
    struct stat entry{};
    if (::fstatat(fd, next->d_name, &entry, 0) != 0 &&
        ::fstatat(fd, next->d_name, &entry, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno == ENOENT) continue;  // removed after it was read from the directory
      return local_error(errno, what, path);
    }
    entries.push_back(info_of(join_path(path, name), entry));
  }
  std::sort(entries.begin(), entries.end(),
            [](const FileInfo& a, const FileInfo& b) { return a.path < b.path; });
  return entries;
}

Status LocalFileSystem::make_directories(const std::string& path) {
  WEIR_RETURN_IF_ERROR(check_file_path(path));
  struct stat entry{};
  if (::stat(path.c_str(), &entry) == 0 && S_ISDIR(entry.st_mode)) return {};
  for (size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    const std::string part = path.substr(0, slash);
    bool made = false;
    if (::stat(part.c_str(), &entry) != 0 || !S_ISDIR(entry.st_mode))
      WEIR_RETURN_IF_ERROR(make_directory(part, &made));
    if (slash == std::string::npos) return {};
  }
}

Status LocalFileSystem::rename(const std::string& from, const std::string& to) {
  WEIR_RETURN_IF_ERROR(check_rename_paths(from, to));
  const std::string what = cat("rename ", from, " to ", to);
  Status renamed;
  const bool by_link = !options_.use_renameat2 || ::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD,
                                                              to.c_str(), RENAME_NOREPLACE) != 0;
  if (by_link) {
    const bool unsupported =
        !options_.use_renameat2 || errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP;
    renamed = unsupported ? rename_by_link(from, to, what) : local_error(errno, what, to);
  }
  if (renamed.code() == StatusCode::kAlreadyExists && is_linked_already(from, to))
    renamed = unlink_source(from, what);
  WEIR_RETURN_IF_ERROR(renamed);
  WEIR_RETURN_IF_ERROR(sync_directory(parent_path(to)));
  if (parent_path(from) != parent_path(to)) WEIR_RETURN_IF_ERROR(sync_directory(parent_path(from)));
  return {};
}

Status LocalFileSystem::remove(const std::string& path) {
  WEIR_RETURN_IF_ERROR(check_file_path(path));
  // unlink of a directory may fail with EPERM (POSIX); Linux returns EISDIR.
  if (::unlink(path.c_str()) != 0) {
    const int error = errno;
    if (error != EISDIR && error != EPERM) return absence_error(error, cat("remove ", path), path);
    if (::rmdir(path.c_str()) != 0)
      return local_error(errno == ENOTDIR ? error : errno, cat("remove ", path), path);
  }
  return sync_directory(parent_path(path));
}

Status LocalFileSystem::remove_all(const std::string& path) {
  WEIR_RETURN_IF_ERROR(check_file_path(path));
  if (path == "/") return invalid_argument("the root of a file system cannot be removed");
  std::error_code error;
  const auto removed = std::filesystem::remove_all(path, error);
  if (error) {
    if (error.value() == ENOENT || error.value() == ENOTDIR) return {};
    return local_error(error.value(), cat("remove all of ", path), path);
  }
  return removed == 0 ? Status() : sync_directory(parent_path(path));
}

}  // namespace weir
