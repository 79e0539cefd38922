#pragma once

#include <string>
#include <string_view>

#include "weir/connector/file_system.h"

namespace weir {

/// create (exclusive) + append + close.
Status write_file(FileSystem& fs, const std::string& path, std::string_view bytes);
/// Writes to `path` + a unique suffix, then renames. After OK the whole file is at `path`, which
/// did not exist before. `unique` distinguishes this writer's temporary name from all others.
Status publish_file(FileSystem& fs, const std::string& path, std::string_view bytes,
                    std::string_view unique);
StatusOr<std::string> read_file(FileSystem& fs, const std::string& path);

}  // namespace weir
