#pragma once

#include <string>
#include <string_view>

#include "weir/status.h"

namespace weir {

/// INVALID_ARGUMENT unless `path` is absolute, without a trailing '/' (but for "/"), without empty,
/// "." and ".." parts and without zero bytes. Every implementation refuses other paths in the same
/// way, before it does anything.
Status check_file_path(std::string_view path);

/// The parent directory: "/" for "/a", "/a" for "/a/b". For "/" itself "/".
std::string parent_path(std::string_view path);

/// True if `path` is `directory` or lies below it.
bool is_at_or_below(std::string_view path, std::string_view directory);

/// Checks a rename by the names alone: refuses bad paths, "/", and moving a directory into itself.
Status check_rename_paths(const std::string& from, const std::string& to);

/// True if a name matches a shell pattern with *, ? and [...]. Wildcards don't match a leading '.'.
bool matches_pattern(const std::string& name, const std::string& pattern);

}  // namespace weir
