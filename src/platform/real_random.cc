#include "platform/real_random.h"

#include <sys/random.h>
#include <sys/types.h>

#include "platform/splitmix.h"
#include "weir/detail/base/check.h"

namespace weir {

RealRandom::RealRandom() {
  uint64_t seed = 0;
  // For up to 256 bytes getrandom returns all of them, or waits until the kernel has entropy; a
  // signal cannot interrupt it half-way.
  ssize_t got = 0;
  do { got = getrandom(&seed, sizeof seed, 0); } while (got < 0);
  WEIR_CHECK_EQ(got, static_cast<ssize_t>(sizeof seed));
  state_.store(seed, std::memory_order_relaxed);
}

uint64_t RealRandom::next() {
  return splitmix_output(state_.fetch_add(kSplitmixGamma, std::memory_order_relaxed) +
                         kSplitmixGamma);
}

}  // namespace weir
