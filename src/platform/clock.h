#pragma once

#include <chrono>
#include <cstdint>

namespace weir {

/// A point on a clock that never jumps. Only differences mean anything.
using MonotonicTime = std::chrono::nanoseconds;

/// For messages: what is less than a millisecond is dropped.
inline int64_t whole_ms(MonotonicTime time) { return std::chrono::duration_cast<std::chrono::milliseconds>(time).count(); }

/// Thread: any.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual MonotonicTime now() const = 0;
  /// Milliseconds since 1970-01-01 UTC. May jump; no guarantee may depend on it.
  virtual int64_t wall_ms() const = 0;
};

}  // namespace weir
