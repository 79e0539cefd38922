#include "platform/private_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "base/strings.h"

namespace weir {
namespace {

/// Locks `path` for as long as the descriptor is open. Not valid if another process holds the lock,
/// or `path` is not a directory of this user. Links are not followed.
UniqueFd lock(const std::string& path) {
  UniqueFd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat found{};
  struct stat named{};
  const bool ours = directory.valid() && ::fstat(directory.get(), &found) == 0 &&
                    found.st_uid == ::geteuid() &&
                    ::flock(directory.get(), LOCK_EX | LOCK_NB) == 0 &&
                    // It may have been removed before it was locked.
                    ::lstat(path.c_str(), &named) == 0 && named.st_ino == found.st_ino &&
                    named.st_dev == found.st_dev;
  return ours ? std::move(directory) : UniqueFd();
}

void remove(const std::string& path) {
  std::error_code ignored;
  std::filesystem::remove_all(path, ignored);
}

void remove_left_over(const std::string& parent, const std::string& prefix) {
  std::error_code error;
  std::filesystem::directory_iterator entries(parent, error);
  for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error)) {
    const std::string path = entries->path().string();
    if (!entries->path().filename().string().starts_with(prefix)) continue;
    if (const UniqueFd locked = lock(path); locked.valid()) remove(path);
  }
}

}  // namespace

StatusOr<std::unique_ptr<PrivateDirectory>> PrivateDirectory::make(const std::string& parent,
                                                                   const std::string& prefix) {
  // Between creation and locking, another process may take it for an orphan.
  constexpr int kTries = 10;
  remove_left_over(parent, prefix);
  for (int i = 0; i < kTries; ++i) {
    std::string path = cat(parent, "/", prefix, "XXXXXX");
    if (::mkdtemp(path.data()) == nullptr) {
      return unavailable(
          cat("cannot make a directory in ", parent, ": ", std::generic_category().message(errno)));
    }
    if (UniqueFd locked = lock(path); locked.valid()) {
      return std::unique_ptr<PrivateDirectory>(
          new PrivateDirectory(std::move(path), std::move(locked)));
    }
  }
  return unavailable(cat("directories in ", parent,
                         " cannot be locked: is it on a file system that can do that?"));
}

PrivateDirectory::~PrivateDirectory() { remove(path_); }

}  // namespace weir
