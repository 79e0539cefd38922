#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/bug_switch.h"

namespace weir::sim {

struct Hunt {
  bool found = false;
  std::string how;  ///< for people
};

/// Switches the mistake on and runs seeds from 1 on, until one fails or `most` have been run.
/// `failures_of` runs a seed. All that in a process of its own, because a mistake may also run into
/// one of the engine's own checks, which aborts: that is finding it too.
Hunt hunt(Bug bug, uint64_t most,
          const std::function<std::vector<std::string>(uint64_t seed)>& failures_of);

}  // namespace weir::sim
