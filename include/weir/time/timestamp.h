#pragma once

#include <cstdint>
#include <limits>

namespace weir {

/// Milliseconds since 1970-01-01 UTC, as in Flink.
using Timestamp = int64_t;
inline constexpr Timestamp kNoTimestamp = std::numeric_limits<Timestamp>::min();
inline constexpr Timestamp kMinWatermark = std::numeric_limits<Timestamp>::min();
inline constexpr Timestamp kMaxWatermark = std::numeric_limits<Timestamp>::max();

/// How far event time has come in a channel, at an operator or in a source.
struct EventTime {
  Timestamp watermark = kMinWatermark;  ///< no later record has a timestamp ≤ this
  bool idle = false;  ///< no records are expected for now, and nobody waits for the watermark
  bool operator==(const EventTime&) const = default;
};

}  // namespace weir
