#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "weir/status.h"

namespace weir {

/// Takes the next bytes of a state stream. An error ends the writing.
using ByteSink = std::function<Status(std::string_view bytes)>;

/// Reads exactly `length` bytes of a state stream at `offset`, counted from the start of that
/// stream, or fails. The result points into `memory`, whose content is replaced, or into the source
/// itself.
using ReadAt =
    std::function<StatusOr<std::string_view>(int64_t offset, int64_t length, std::string* memory)>;

}  // namespace weir
