#pragma once

#include <string_view>

namespace weir {

/// The program's version, the same as in CMakeLists.txt.
inline constexpr std::string_view kWeirVersion = "0.1.0";

}  // namespace weir
