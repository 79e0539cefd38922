#include "weir/print_sink.h"

#include <cstdio>

namespace weir::detail {

void print_text(std::string_view lines) {
  std::fwrite(lines.data(), 1, lines.size(), stdout);
  std::fflush(stdout);
}

}  // namespace weir::detail
