#pragma once

#include <atomic>

#include "platform/random.h"

namespace weir {

/// splitmix64 with a seed from the kernel, so that two processes never draw the same numbers.
/// Thread: any, without locks.
class RealRandom : public Random {
 public:
  RealRandom();
  uint64_t next() override;

 private:
  std::atomic<uint64_t> state_;
};

}  // namespace weir
