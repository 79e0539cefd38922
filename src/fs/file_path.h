#pragma once

#include <string>
#include <string_view>

#include "weir/status.h"

namespace weir {

/// INVALID_ARGUMENT unless `path` is absolute, without a trailing '/' (but for "/"), without empty,
/// "." and ".." parts and without zero bytes. Every implementation refuses such paths alike, before
/// it does anything.
Status check_file_path(std::string_view path);

/// "/" of "/a", "/a" of "/a/b". "/" has none and gives "/".
std::string parent_path(std::string_view path);

/// True if `path` is `directory` or lies below it.
bool is_at_or_below(std::string_view path, std::string_view directory);

/// What rename() refuses by the names alone: bad paths, "/", a directory moved into itself.
Status check_rename_paths(const std::string& from, const std::string& to);

/// Does a name match a shell pattern with *, ? and [...]? Wildcards match no leading '.'.
bool matches_pattern(const std::string& name, const std::string& pattern);

}  // namespace weir
