#include "base/version.h"

#include "weir/version.h"

namespace weir {

std::string_view weir_version() { return kWeirVersion; }

}  // namespace weir
