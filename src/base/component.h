#pragma once

#include <string_view>

#include "weir/status.h"

namespace weir {

// A component is a part of weir that a program may be linked without (CMakeLists.txt lists them).
// Each defines one function `weir_component_NAME` with C linkage, which weir::core declares weak:
// its address is null in a program without the component. Nothing is registered at run time, so no
// order of initialization matters.

/// FAILED_PRECONDITION: `what`, such as "hdfs://nn/a", needs a component that this program lacks.
Status component_missing(std::string_view what, std::string_view component);

}  // namespace weir
