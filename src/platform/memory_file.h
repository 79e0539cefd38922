#pragma once

#include <string>
#include <string_view>

#include "platform/unique_fd.h"
#include "weir/status.h"

namespace weir {

/// A file without a name, in memory, that only this process's user can read. UNAVAILABLE: the
/// system does not support it.
StatusOr<UniqueFd> memory_file(std::string_view bytes);
/// The path by which this process, or a child that inherits the descriptor, may open it.
std::string path_of_descriptor(int fd);

}  // namespace weir
