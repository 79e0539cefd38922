#pragma once

#include <string_view>

namespace weir {

/// "0.1.0": the version of the library that this program runs with. weir/version.h has the version
/// of the headers.
std::string_view weir_version();

}  // namespace weir
