#pragma once

#include <string>
#include <string_view>

#include "platform/unique_fd.h"
#include "weir/status.h"

namespace weir {

/// A file that has no name, lives in memory, and can be read by this process's user only.
/// UNAVAILABLE: the system can't.
StatusOr<UniqueFd> memory_file(std::string_view bytes);
/// How this process, and a child that inherits the descriptor, may open it.
std::string path_of_descriptor(int fd);

}  // namespace weir
