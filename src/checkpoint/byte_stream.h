#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "weir/status.h"

namespace weir {

/// Takes the next bytes of a stream of state. A failure ends the writing.
using ByteSink = std::function<Status(std::string_view bytes)>;

/// Gives `length` bytes of a stream of state from `offset`, counted from the stream's own start;
/// all of them or a failure. They lie in `memory`, as a part perhaps, whose content is replaced; or
/// in the source itself.
using ReadAt =
    std::function<StatusOr<std::string_view>(int64_t offset, int64_t length, std::string* memory)>;

}  // namespace weir
