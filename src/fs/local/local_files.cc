#include "fs/local/local_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/status_macros.h"
#include "base/strings.h"
#include "fs/file_path.h"
#include "fs/local/local_errors.h"

namespace weir {
namespace {
constexpr size_t kBufferBytes = 64 * 1024;
}

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

Descriptor open_descriptor(const std::string& path, int flags, unsigned mode) {
  int fd;
  do { fd = ::open(path.c_str(), flags | O_CLOEXEC, mode); } while (fd < 0 && errno == EINTR);
  return Descriptor(fd);
}

Status sync_directory(const std::string& path) {
  const Descriptor directory = open_descriptor(path, O_RDONLY | O_DIRECTORY);
  if (!directory.valid())
    return local_error(errno, cat("open the directory ", path, " to sync it"), path);
  // EINVAL: on some file systems (FUSE) a directory has nothing to sync.
  if (::fsync(directory.get()) != 0 && errno != EINVAL)
    return local_error(errno, cat("sync the directory ", path), path);
  return {};
}

Status LocalWritableFile::append(std::string_view bytes) {
  if (!failed_.ok()) return failed_;
  if (!file_.valid()) return failed_precondition(cat("append to ", path_, ", which is closed"));
  if (buffer_.size() + bytes.size() <= kBufferBytes) {
    buffer_.append(bytes);
    return {};
  }
  failed_ = write_out(buffer_);
  buffer_.clear();
  if (failed_.ok()) failed_ = write_out(bytes);
  return failed_;
}

Status LocalWritableFile::write_out(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file_.get(), bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return local_error(errno, cat("write ", bytes.size(), " bytes to ", path_), path_);
    }
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return {};
}

Status LocalWritableFile::close() {
  if (!file_.valid()) return failed_precondition(cat("close of ", path_, ", which is closed"));
  if (failed_.ok()) failed_ = write_out(buffer_);
  buffer_.clear();
  const Descriptor closing(file_.release());
  if (!failed_.ok()) return failed_;
  // A second fsync after a failed one may succeed although the pages are lost, so there is only one
  // attempt.
  if (::fsync(closing.get()) != 0) return failed_ = local_error(errno, cat("sync ", path_), path_);
  return failed_ = sync_directory(parent_path(path_));
}

Status LocalReadableFile::read_at(int64_t offset, int64_t length, std::string* out) {
  if (offset < 0 || length < 0) {
    out->clear();
    return invalid_argument(cat("read of ", length, " bytes at ", offset, " of ", path_));
  }
  const auto wanted = static_cast<size_t>(std::clamp<int64_t>(size_ - offset, 0, length));
  out->resize(wanted);  // not cleared before, so that existing bytes need not be zeroed
  size_t got = 0;
  while (got < wanted) {
    const ssize_t count = ::pread(file_.get(), out->data() + got, wanted - got,
                                  static_cast<off_t>(offset + static_cast<int64_t>(got)));
    if (count < 0) {
      if (errno == EINTR) continue;
      const int error = errno;
      out->clear();
      return local_error(error, cat("read ", wanted, " bytes at ", offset, " of ", path_), path_);
    }
    if (count == 0) break;
    got += static_cast<size_t>(count);
  }
  out->resize(got);
  return {};
}

}  // namespace weir
