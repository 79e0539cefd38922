#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "weir/status.h"

namespace weir {

using Duration = std::chrono::milliseconds;

/// A hundred years: longer durations in settings are cut to this. Its sum with any clock time fits
/// in nanoseconds.
inline constexpr Duration kLongestSetting = std::chrono::hours(24) * 36525;

/// Values as people write them into configuration files. On failure each returns INVALID_ARGUMENT
/// with a clause that fits after "'soon' ".

/// As Flink's TimeUtils reads them: "10 s", "3 min", "500ms", "1 h", "30 d", a bare number of
/// milliseconds, or ISO 8601 "PT1M30S". Less than a millisecond is refused unless it is 0.
StatusOr<Duration> parse_duration(std::string_view text);
/// As Flink's MemorySize reads them: "20 kb", "1 mb", "4096"; a kb is 1024 bytes.
StatusOr<int64_t> parse_size(std::string_view text);
StatusOr<bool> parse_bool(std::string_view text);
StatusOr<int64_t> parse_int(std::string_view text);
StatusOr<double> parse_double(std::string_view text);

/// In the largest unit that divides it evenly: "3 min", "1500 ms".
std::string format_duration(Duration duration);

}  // namespace weir
