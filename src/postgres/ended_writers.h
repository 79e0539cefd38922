#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "postgres/connection.h"
#include "weir/status.h"

namespace weir::postgres {

/// Before the run in the column `writer`, in the row that stands for all writers of the run that
/// have no row.
inline constexpr std::string_view kRunPrefix = "run ";

/// Begins a transaction that is alone in the table; or, unless `exclusive`, shares it with others
/// that are not exclusive. At any level of isolation it sees what earlier exclusive ones have done,
/// because a LOCK comes before the transaction's snapshot.
Status begin_with_lock(Connection& connection, const std::string& table, bool exclusive);

/// The writers of earlier starts of a run, whose rows in the table of epochs are not needed once
/// the restored checkpoint's pending rows are written.
///
/// One row takes their place: all epochs up to its own are written, except by writers with a row.
/// A late process that commits an epoch again therefore writes nothing, as before.
struct EndedWriters {
  std::string sink{};
  std::string run{};
  int64_t restored = 0;  ///< the checkpoint
  bool back = false;     ///< later epochs are written, and will be written again
  std::map<std::string, int64_t>
      pending{};  ///< writers and their first epoch that may not be written

  /// As names of orphans.
  std::vector<std::string> encode() const;
  static StatusOr<EndedWriters> decode(const std::vector<std::string>& names);

  Status remove(Connection& connection, const std::string& table) const;
};

}  // namespace weir::postgres
