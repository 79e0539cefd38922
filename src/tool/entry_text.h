#pragma once

#include <string>
#include <string_view>

#include "offline/visited_state.h"
#include "weir/status.h"

namespace weir::tool {

/// "VALUE", as Flink names it.
std::string_view kind_text(KeyedStateInfo::Kind kind);
/// The entry's fields as JSON members: key, namespace, user key, time, value. DATA_LOSS: malformed.
StatusOr<std::string> entry_text(const KeyedEntry& entry);

}  // namespace weir::tool
