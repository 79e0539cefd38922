#include "platform/real_clock.h"

#include <thread>

namespace weir {

MonotonicTime RealClock::now() const { return std::chrono::steady_clock::now().time_since_epoch(); }

int64_t RealClock::wall_ms() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

void sleep_for(std::chrono::milliseconds time) { std::this_thread::sleep_for(time); }

}  // namespace weir
