#pragma once

#include <string>

namespace weir {

/// The folder of the checkout that the tests were built from, for files that they read.
std::string source_dir();

}  // namespace weir
