#pragma once

#include <cstdint>

namespace weir {

/// Thread: any. Not for secrets.
class Random {
 public:
  virtual ~Random() = default;
  virtual uint64_t next() = 0;
};

}  // namespace weir
