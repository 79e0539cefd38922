#include "platform/memory_file.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/strings.h"
#include "platform/tcp_socket.h"

namespace weir {

StatusOr<UniqueFd> memory_file(std::string_view bytes) {
  UniqueFd file(::memfd_create("weir", MFD_CLOEXEC));
  bool good = file.valid() && ::fchmod(file.get(), 0400) == 0;
  while (good && !bytes.empty()) {
    const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    good = written > 0;
    if (good) bytes.remove_prefix(static_cast<size_t>(written));
  }
  if (!good) return unavailable(cat("cannot make a file in memory: ", error_text(errno)));
  return file;
}

std::string path_of_descriptor(int fd) { return cat("/proc/self/fd/", fd); }

}  // namespace weir
