#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "weir/detail/connector/kafka_writer.h"

namespace weir::kafka {

/// What all transactional ids of one sink begin with.
std::string transactional_id_scope(std::string_view prefix, std::string_view uid);
/// An id that no other start of any subtask uses.
std::string transactional_id(std::string_view prefix, std::string_view uid, uint64_t attempt_nonce,
                             int subtask, int slot);

}  // namespace weir::kafka
