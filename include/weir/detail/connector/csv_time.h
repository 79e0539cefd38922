#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "weir/status.h"

namespace weir::detail {

/// A point in time in UTC.
struct CivilTime {
  int64_t days = 0;   ///< since 1970-01-01
  int64_t nanos = 0;  ///< since midnight
};

/// Returns nullopt if `text` does not match the format or is not a valid time. An empty format
/// means ISO 8601.
std::optional<CivilTime> parse_time(std::string_view text, const std::string& format);
/// Writes 3, 6 or 9 digits of a fraction of a second, or none if it is zero.
void append_time(std::string& out, const CivilTime& time, const std::string& format);
/// INVALID_ARGUMENT names a directive that weir does not know.
Status check_time_format(const std::string& format);

/// Converts to ticks of num/den seconds since 1970, rounded down. Returns false if the number is
/// out of range.
bool to_ticks(const CivilTime& time, int64_t num, int64_t den, int64_t* ticks);
CivilTime from_ticks(int64_t ticks, int64_t num, int64_t den);

}  // namespace weir::detail
