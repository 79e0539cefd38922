#pragma once

#include <string>
#include <string_view>

#include "base/strings.h"

namespace weir {

// The place of a failure in a JSON document, "user.ages[2]", from its innermost part to its
// outermost.

inline void prepend(std::string& path, const std::string& part) {
  path = path.empty() || path.starts_with('[') ? cat(part, path) : cat(part, '.', path);
}
inline void prepend_field(std::string& path, std::string_view name) {
  prepend(path, std::string(name));
}
inline void prepend_element(std::string& path, size_t index) {
  prepend(path, cat('[', index, ']'));
}

inline std::string json_problem(const std::string& path, const std::string& problem) {
  return path.empty() ? problem : cat("field '", path, "': ", problem);
}

}  // namespace weir
