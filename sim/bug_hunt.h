#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/bug_switch.h"

namespace weir::sim {

struct Hunt {
  bool found = false;
  std::string how;  ///< one sentence for the test's output
};

/// Switches the mistake on and runs seeds 1, 2, … until one fails or `most` have run. `failures_of`
/// runs one seed. The hunt runs in a child process, because the mistake may also trip one of the
/// engine's own checks, which aborts. An abort counts as found.
Hunt hunt(Bug bug, uint64_t most,
          const std::function<std::vector<std::string>(uint64_t seed)>& failures_of);

}  // namespace weir::sim
