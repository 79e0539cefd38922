#include "fs/file_path.h"

#include <fnmatch.h>

#include "base/status_macros.h"
#include "base/strings.h"

namespace weir {

Status check_file_path(std::string_view path) {
  if (path.empty() || path.front() != '/') {
    return invalid_argument(
        cat("\"", path, "\" is not a path of a file system: it has to begin with '/'"));
  }
  if (path.find('\0') != std::string_view::npos)
    return invalid_argument("a file path holds a zero byte");
  if (path == "/") return {};
  for (const std::string_view part : split(path.substr(1), '/')) {
    if (part.empty() || part == "." || part == "..") {
      return invalid_argument(cat(
          "\"", path,
          "\" is not a plain path: leave out empty parts, \".\", \"..\" and the '/' at the end"));
    }
  }
  return {};
}

std::string parent_path(std::string_view path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string_view::npos || slash == 0) return "/";
  return std::string(path.substr(0, slash));
}

bool is_at_or_below(std::string_view path, std::string_view directory) {
  if (directory == "/") return true;
  return path.starts_with(directory) &&
         (path.size() == directory.size() || path[directory.size()] == '/');
}

Status check_rename_paths(const std::string& from, const std::string& to) {
  WEIR_RETURN_IF_ERROR(check_file_path(from));
  WEIR_RETURN_IF_ERROR(check_file_path(to));
  if (from != to && is_at_or_below(to, from)) {
    return invalid_argument(
        cat("cannot rename ", from, " to ", to, ": the target lies inside the source"));
  }
  return {};
}

bool matches_pattern(const std::string& name, const std::string& pattern) {
  return ::fnmatch(pattern.c_str(), name.c_str(), FNM_PERIOD) == 0;
}

}  // namespace weir
