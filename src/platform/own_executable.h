#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "weir/status.h"

namespace weir {

/// The files that this process runs, by which it can be started elsewhere.
struct OwnExecutable {
  std::string path;   ///< of the executable
  std::string bytes;  ///< of the very file that runs, even if another lies at `path` by now
  std::string
      loader;  ///< path of the dynamic loader; empty: there is none, and there are no libraries
  std::vector<std::string>
      libraries;  ///< paths of the shared libraries that are loaded, without the loader
};
/// FAILED_PRECONDITION: the system does not show them.
StatusOr<OwnExecutable> own_executable();

}  // namespace weir
