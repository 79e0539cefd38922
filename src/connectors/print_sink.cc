#include "weir/connector/print_sink.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/strings.h"

namespace weir::detail {

Status print_text(std::string_view lines) {
  if (std::fwrite(lines.data(), 1, lines.size(), stdout) == lines.size() &&
      std::fflush(stdout) == 0)
    return {};
  // Not retryable, because it is unknown which bytes did not arrive.
  if (errno == EPIPE)
    return cancelled(
        "the program that read standard output has ended, so nothing more can be printed");
  return failed_precondition(cat("cannot write to standard output: ", std::strerror(errno)));
}

}  // namespace weir::detail
