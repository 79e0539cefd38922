#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "weir/status.h"

namespace weir::detail {

/// A point in time, UTC.
struct CivilTime {
  int64_t days = 0;   ///< since 1970-01-01
  int64_t nanos = 0;  ///< since midnight
};

/// nullopt: `text` is not of this format, or no such time exists. An empty format is ISO 8601.
std::optional<CivilTime> parse_time(std::string_view text, const std::string& format);
/// Fractions of a second have 3, 6 or 9 digits, or none if they are zero.
void append_time(std::string& out, const CivilTime& time, const std::string& format);
/// INVALID_ARGUMENT names the directive that weir does not know.
Status check_time_format(const std::string& format);

/// As a number of ticks of num/den seconds since 1970, rounded down. False: that does not fit.
bool to_ticks(const CivilTime& time, int64_t num, int64_t den, int64_t* ticks);
CivilTime from_ticks(int64_t ticks, int64_t num, int64_t den);

}  // namespace weir::detail
