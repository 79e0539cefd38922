#pragma once

#include <string>

#include "fs/file_system.h"

namespace weir {

/// INVALID_ARGUMENT names the URI and what is wrong with it.
StatusOr<FileUri> parse_file_uri(const std::string& uri);

}  // namespace weir
