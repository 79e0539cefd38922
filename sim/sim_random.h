#pragma once

#include <cstdint>
#include <string_view>

#include "platform/clock.h"
#include "platform/random.h"
#include "platform/splitmix.h"

namespace weir::sim {

/// A generator that depends on the seed alone: splitmix64, and the draws that the simulator needs.
class SimRandom : public Random {
 public:
  explicit SimRandom(uint64_t seed) : state_(splitmix_output(seed + kSplitmixGamma)) {}

  uint64_t next() override { return splitmix_output(state_ += kSplitmixGamma); }
  /// Returns 0 … n-1; 0 if n is 0. The modulo bias is below 2^-32 for any n used here.
  uint64_t below(uint64_t n) { return n == 0 ? 0 : next() % n; }
  int64_t between(int64_t least, int64_t most) {
    return least + static_cast<int64_t>(below(static_cast<uint64_t>(most - least) + 1));
  }
  /// Draws a number only if `probability` is between 0 and 1.
  bool chance(double probability) {
    if (probability <= 0) return false;
    return static_cast<double>(next() >> 11) * 0x1p-53 < probability;
  }
  /// Returns 1 ns … `most`. Each order of magnitude down to most/4096 is about equally likely,
  /// because races need both short and long delays.
  MonotonicTime delay(MonotonicTime most) {
    return MonotonicTime(
        1 + static_cast<int64_t>(below(static_cast<uint64_t>(most.count() >> below(13)))));
  }
  /// A separate generator for one component, so that draws of other components do not shift its
  /// own.
  SimRandom split() { return SimRandom(next()); }

 private:
  uint64_t state_;
};

}  // namespace weir::sim
