#pragma once

#include <atomic>

#include "platform/random.h"

namespace weir {

/// splitmix64 from a seed that the kernel gives, so that two processes never draw the same numbers.
/// Thread: any, without locks.
class RealRandom : public Random {
 public:
  RealRandom();
  uint64_t next() override;

 private:
  std::atomic<uint64_t> state_;
};

}  // namespace weir
