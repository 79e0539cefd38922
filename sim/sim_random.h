#pragma once

#include <cstdint>
#include <string_view>

#include "platform/clock.h"
#include "platform/random.h"
#include "platform/splitmix.h"

namespace weir::sim {

/// Numbers that follow from a seed alone: splitmix64, and what the simulator draws from it.
class SimRandom : public Random {
 public:
  explicit SimRandom(uint64_t seed) : state_(splitmix_output(seed + kSplitmixGamma)) {}

  uint64_t next() override { return splitmix_output(state_ += kSplitmixGamma); }
  /// 0 … n-1; 0 if n is 0. The bias of the remainder is below 2^-32 for any n used here.
  uint64_t below(uint64_t n) { return n == 0 ? 0 : next() % n; }
  int64_t between(int64_t least, int64_t most) {
    return least + static_cast<int64_t>(below(static_cast<uint64_t>(most - least) + 1));
  }
  /// Draws only if `probability` leaves anything to chance.
  bool chance(double probability) {
    if (probability <= 0) return false;
    return static_cast<double>(next() >> 11) * 0x1p-53 < probability;
  }
  /// 1 ns … `most`, each order of magnitude down to most/4096 about as likely as the next: races
  /// need both near and far.
  MonotonicTime delay(MonotonicTime most) {
    return MonotonicTime(
        1 + static_cast<int64_t>(below(static_cast<uint64_t>(most.count() >> below(13)))));
  }
  /// A generator of its own for one component, so that what others draw does not shift it.
  SimRandom split() { return SimRandom(next()); }

 private:
  uint64_t state_;
};

}  // namespace weir::sim
