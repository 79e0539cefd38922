#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "weir/detail/base/saturating.h"

namespace weir {

/// A point on a clock that never jumps. Only differences mean anything.
using MonotonicTime = std::chrono::nanoseconds;

/// For messages. Rounds down to whole milliseconds.
inline int64_t whole_ms(MonotonicTime time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
}

/// When the wall clock will show `due_ms`, if it shows `wall_ms` at `now`. MonotonicTime::max() if
/// that is too far away to represent.
inline MonotonicTime time_when_due(MonotonicTime now, int64_t wall_ms, int64_t due_ms) {
  const std::chrono::milliseconds wait(
      std::max<int64_t>(0, detail::saturating_sub(due_ms, wall_ms)));
  return MonotonicTime(
      detail::saturating_add(now.count(), detail::saturating_cast<MonotonicTime>(wait).count()));
}

/// Thread: any.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual MonotonicTime now() const = 0;
  /// Milliseconds since 1970-01-01 UTC. May jump; no guarantee may depend on it.
  virtual int64_t wall_ms() const = 0;
};

}  // namespace weir
