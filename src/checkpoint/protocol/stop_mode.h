#pragma once

#include <cstdint>

namespace weir {

/// Whether a checkpoint ends the job. From its barrier on, sources read nothing.
enum class StopMode : uint8_t {
  kNone,
  kSuspend,  ///< the state stays as it is: no window or timer fires because of the stop
  kDrain,    ///< before the barrier, event time ends, as at the end of the input
};

}  // namespace weir
