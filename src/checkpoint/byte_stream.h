#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "weir/status.h"

namespace weir {

/// Takes the next bytes of a stream of state. A failure ends the writing.
using ByteSink = std::function<Status(std::string_view bytes)>;

/// Gives `length` bytes of a stream of state from `offset`, counted from the stream's own start; all of them or a failure. What was in
/// `into` is replaced, and its memory used again.
using ReadAt = std::function<Status(int64_t offset, int64_t length, std::string* into)>;

}  // namespace weir
