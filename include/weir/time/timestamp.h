#pragma once

#include <cstdint>
#include <limits>

namespace weir {

/// Milliseconds since 1970-01-01 UTC, as in Flink.
using Timestamp = int64_t;
inline constexpr Timestamp kNoTimestamp = std::numeric_limits<Timestamp>::min();
inline constexpr Timestamp kMinWatermark = std::numeric_limits<Timestamp>::min();
inline constexpr Timestamp kMaxWatermark = std::numeric_limits<Timestamp>::max();

}  // namespace weir
