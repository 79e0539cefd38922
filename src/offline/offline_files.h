#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "fs/real_registry.h"

namespace weir {

/// The file systems of a program that runs no job. `setting` returns the value of a key.
std::unique_ptr<FileSystemRegistry> offline_file_systems(
    std::function<std::optional<std::string>(std::string_view key)> setting);

}  // namespace weir
