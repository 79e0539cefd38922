#pragma once

#include "platform/clock.h"

namespace weir {

/// The machine's clocks: std::chrono::steady_clock and system_clock. Thread: any.
class RealClock : public Clock {
 public:
  MonotonicTime now() const override;
  int64_t wall_ms() const override;
};

/// Blocks the calling thread; for threads of the I/O pool.
void sleep_for(std::chrono::milliseconds time);

}  // namespace weir
