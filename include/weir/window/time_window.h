#pragma once

#include <cstdint>
#include <ostream>

#include "weir/detail/base/saturating.h"
#include "weir/time/timestamp.h"
#include "weir/types/serializer.h"

namespace weir {

/// A window from `start` (included) to `end` (excluded), in ms since 1970.
struct TimeWindow {
  Timestamp start = 0;
  Timestamp end = 0;

  /// The last timestamp in the window, which is also the timestamp of its results.
  Timestamp max_timestamp() const { return detail::saturating_sub(end, 1); }
  bool contains(Timestamp t) const { return t >= start && t < end; }
  bool operator==(const TimeWindow&) const = default;
};

namespace detail {

/// The window of all time (GlobalWindows). No other window starts at the minimum.
inline constexpr TimeWindow kGlobalWindow{kMinWatermark, kMaxWatermark};
inline bool is_global(const TimeWindow& window) { return window.start == kMinWatermark; }

}  // namespace detail

inline std::ostream& operator<<(std::ostream& out, const TimeWindow& window) {
  return out << '[' << window.start << ", " << window.end << ')';
}

template <>
struct Serializer<TimeWindow> {
  static constexpr size_t kMinBytes = 16;
  static void write(BinaryWriter& out, const TimeWindow& window) {
    out.put_i64(window.start);
    out.put_i64(window.end);
  }
  static void read(BinaryReader& in, TimeWindow& window) {
    window.start = in.get_i64();
    window.end = in.get_i64();
  }
  static TypeDescription describe() {
    TypeDescription type;
    type.kind = TypeKind::kTimeWindow;
    return type;
  }
};

}  // namespace weir
