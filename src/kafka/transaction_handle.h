#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "weir/status.h"

namespace weir::kafka {

/// Names exactly one transaction, because a producer id and an epoch are used for one transaction
/// only: each transaction has a producer of its own, and a producer that is made anew under the
/// same id gets another epoch. A sink's committable.
struct TransactionHandle {
  std::string id;  ///< the transactional id
  int64_t producer_id = -1;
  int16_t epoch = -1;
  int64_t records = 0;
  int64_t prepared_at_ms = 0;  ///< wall clock
  int32_t timeout_ms = 0;

  std::string encode() const;
  static StatusOr<TransactionHandle> decode(std::string_view bytes);
  bool operator==(const TransactionHandle&) const = default;
};

/// What all transactional ids of one sink begin with.
std::string transactional_id_scope(std::string_view prefix, std::string_view uid);
/// An id that no other start of any subtask uses.
std::string transactional_id(std::string_view prefix, std::string_view uid, uint64_t attempt_nonce,
                             int subtask, int slot);

}  // namespace weir::kafka
