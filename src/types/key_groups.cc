#include "weir/operator/key_groups.h"

#include <algorithm>

namespace weir {

int default_max_parallelism(int parallelism) {
  constexpr int64_t kMin = 128;
  constexpr int64_t kMax = 32768;
  const int64_t wanted = int64_t{parallelism} + parallelism / 2;
  return static_cast<int>(std::clamp(
      static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(std::max<int64_t>(wanted, 1)))),
      kMin, kMax));
}

}  // namespace weir
