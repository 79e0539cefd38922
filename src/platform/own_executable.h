#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "weir/status.h"

namespace weir {

/// The files that this process runs. With them it can be started elsewhere.
struct OwnExecutable {
  std::string path;   ///< of the executable
  std::string bytes;  ///< of the running file, even if `path` now has another one
  /// Path of the dynamic loader; empty: the executable is static and has no libraries.
  std::string loader;
  std::vector<std::string> libraries;  ///< paths of the loaded shared libraries, without the loader
};
/// FAILED_PRECONDITION: the system does not reveal them.
StatusOr<OwnExecutable> own_executable();

}  // namespace weir
