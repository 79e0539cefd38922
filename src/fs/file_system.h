#pragma once

#include <string>
#include <string_view>

#include "weir/connector/file_system.h"

namespace weir {

/// create (exclusive) + append + close.
Status write_file(FileSystem& fs, const std::string& path, std::string_view bytes);
/// stage (exclusive) + append + close.
Status stage_file(FileSystem& fs, const StagedFile& file, std::string_view bytes);
/// The two names by which publish_file() publishes. `unique` distinguishes this writer's temporary
/// name from all others.
StagedFile publication_of(const std::string& path, std::string_view unique);
/// Stages a file and publishes it. After OK the whole file is at `path`, which did not exist
/// before.
Status publish_file(FileSystem& fs, const std::string& path, std::string_view bytes,
                    std::string_view unique);
StatusOr<std::string> read_file(FileSystem& fs, const std::string& path);

}  // namespace weir
