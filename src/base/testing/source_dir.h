#pragma once

#include <string>

namespace weir {

/// The folder of the checkout that the tests were built from. Tests read files there.
std::string source_dir();

}  // namespace weir
