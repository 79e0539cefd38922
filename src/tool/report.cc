#include <cstdio>

#include "tool/commands.h"

namespace weir::tool {

void print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

int report(const Status& status) {
  std::fprintf(stderr, "weir: %s\n", std::string(status.message()).c_str());
  if (status.code() == StatusCode::kUnavailable) return kNotNow;
  return status.code() == StatusCode::kInvalidArgument ? kUsage : kFailed;
}

}  // namespace weir::tool
