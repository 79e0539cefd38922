#pragma once

#include <string_view>

namespace weir::detail {

/// Writes a line of level WARN to the log of the process. For rare events, not for each record.
/// Thread: any.
void warn(std::string_view text);

}  // namespace weir::detail
