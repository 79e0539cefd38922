#include "weir/detail/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace weir::detail {

void check_failed(const char* file, int line, const char* condition, const std::string& operands) {
  std::fprintf(stderr, "weir: %s:%d: check failed: %s%s%s\n", file, line, condition,
               operands.empty() ? "" : ": ", operands.c_str());
  std::abort();
}

}  // namespace weir::detail
