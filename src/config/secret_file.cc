#include "config/secret_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <system_error>

#include "base/strings.h"

namespace weir {
namespace {

constexpr std::string_view kInherited = "/proc/self/fd/";
constexpr size_t kMaxBytes = 64 << 10;

std::string octal(mode_t mode) {
  char text[8];
  std::snprintf(text, sizeof text, "%04o", mode & 07777u);
  return text;
}

Status check(int fd, const std::string& name, const std::string& path) {
  struct stat file{};
  if (::fstat(fd, &file) != 0 || !S_ISREG(file.st_mode))
    return failed_precondition(cat(name, " is not a plain file"));
  const uid_t own = ::geteuid();
  if (file.st_uid != own && file.st_uid != 0) {
    return failed_precondition(
        cat(name, " belongs to another user (", file.st_uid,
            "), who could change it: it has to be this process's user's or root's"));
  }
  const mode_t too_much = file.st_uid == own ? 077 : 037;
  if ((file.st_mode & too_much) != 0) {
    return failed_precondition(cat(name, " has mode ", octal(file.st_mode),
                                   ", so others may read it: chmod ",
                                   file.st_uid == own ? "600 " : "640 ", path));
  }
  return {};
}

}  // namespace

Status check_secret_file(const std::string& name, const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0)
    return failed_precondition(
        cat("cannot read ", name, ": ", std::generic_category().message(errno)));
  Status status = check(fd, name, path);
  ::close(fd);
  return status;
}

StatusOr<std::string> read_secret_file(std::string_view key, const std::string& path) {
  const std::string name = cat(key, " ", path);
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0)
    return failed_precondition(
        cat("cannot read ", name, ": ", std::generic_category().message(errno)));
  if (path.starts_with(kInherited))
    ::fcntl(std::atoi(path.c_str() + kInherited.size()), F_SETFD, FD_CLOEXEC);
  Status status = check(fd, name, path);
  std::string text(kMaxBytes + 1, '\0');
  size_t length = 0;
  while (status.ok() && length < text.size()) {
    const ssize_t count = ::read(fd, text.data() + length, text.size() - length);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0)
      status = failed_precondition(
          cat("cannot read ", name, ": ", std::generic_category().message(errno)));
    if (count <= 0) break;
    length += static_cast<size_t>(count);
  }
  ::close(fd);
  if (!status.ok()) return status;
  if (length > kMaxBytes)
    return failed_precondition(
        cat(name, " has more than ", kMaxBytes, " bytes: that is no secret"));
  text.resize(length);
  const std::string_view secret = trim(text);
  if (secret.empty()) return failed_precondition(cat(name, " is empty"));
  return std::string(secret);
}

}  // namespace weir
