#include "fs/local/local_errors.h"

#include <cerrno>
#include <system_error>

#include "base/strings.h"
#include "fs/file_path.h"

namespace weir {

Status local_error(int error, std::string_view what, const std::string& path) {
  const std::string reason = std::system_category().message(error);
  const auto sentence = [&](std::string_view advice) {
    return cat("cannot ", what, ": ", reason, advice.empty() ? "" : "; ", advice);
  };
  switch (error) {
    case ENOENT: return not_found(sentence(""));
    case EEXIST: return already_exists(sentence(""));
    case EACCES:
    case EPERM:
      return permission_denied(sentence(
          cat("give this process's user write and search permission on ", parent_path(path),
              " (ls -ld ", parent_path(path), " shows who has it), or choose another directory")));
    case EROFS:
      return permission_denied(sentence(cat("the file system of ", parent_path(path),
                                            " is mounted read-only: choose another directory")));
    case ENOSPC:
      return resource_exhausted(
          sentence(cat("free space or inodes on the disk of ", parent_path(path),
                       " (df -h, df -i), or choose another directory")));
    case EDQUOT:
      return resource_exhausted(
          sentence(cat("the disk quota for ", parent_path(path),
                       " is used up (quota -s shows it): free space or have it raised")));
    case EFBIG:
      return resource_exhausted(
          sentence("the file is larger than the file system or `ulimit -f` allows"));
    case EMFILE:
    case ENFILE: return resource_exhausted(sentence("too many files are open: raise `ulimit -n`"));
    case ENOMEM: return resource_exhausted(sentence("the machine is out of memory"));
    case ENOTEMPTY:
    case ENOTDIR:
    case EISDIR: return failed_precondition(sentence(""));
    case ELOOP:
      return failed_precondition(
          sentence("weir writes to no symbolic link, and follows few when it reads"));
    case ENAMETOOLONG:
    case EINVAL: return invalid_argument(sentence(""));
    case EIO: return data_loss(sentence("the disk reports a fault: look at `dmesg`"));
    case EBUSY:
    case ESTALE:
    case ETIMEDOUT:
    case EINTR:
    case EAGAIN: return unavailable(sentence("it may work when tried again"));
    default: return unavailable(sentence(""));
  }
}

}  // namespace weir
