#include "platform/byte_pipe.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/strings.h"

namespace weir {
namespace {

/// The largest pipe that the default system limits allow without privileges.
constexpr int kPipeBytes = 1 << 20;

}  // namespace

StatusOr<BytePipe> BytePipe::claim_standard_streams() {
  UniqueFd in(fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3));
  UniqueFd out(fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3));
  const UniqueFd nothing(open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!in.valid() || !out.valid() || !nothing.valid() || dup2(nothing.get(), STDIN_FILENO) < 0 ||
      dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
    return unavailable(cat("cannot take over standard input and output: ", std::strerror(errno)));
  }
  std::fflush(stdout);  // output printed before and still buffered goes to standard error as well
  // Later output goes out at the end of each line, not when the process ends.
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  // Files and terminals have no size to set, and smaller pipes work too.
  (void)fcntl(in.get(), F_SETPIPE_SZ, kPipeBytes);
  (void)fcntl(out.get(), F_SETPIPE_SZ, kPipeBytes);
  return BytePipe(std::move(in), std::move(out));
}

StatusOr<size_t> BytePipe::read_some(char* to, size_t room) {
  while (true) {
    const ssize_t count = ::read(in_.get(), to, room);
    if (count >= 0) return static_cast<size_t>(count);
    if (errno != EINTR)
      return unavailable(cat("cannot read from standard input: ", std::strerror(errno)));
  }
}

Status BytePipe::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(out_.get(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0)
      return unavailable(cat("cannot write to standard output: ", std::strerror(errno)));
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  return {};
}

}  // namespace weir
