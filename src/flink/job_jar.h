#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "weir/status.h"

namespace weir {

/// The entries of a jar, from name to content. Names of folders end with '/'.
using JarEntries = std::map<std::string, std::string>;

/// Returns the jar with `entries` added; they replace those of the same name. The same input gives
/// the same bytes, by which Flink recognizes files that it already has. INVALID_ARGUMENT: `jar` is
/// not a jar.
StatusOr<std::string> add_to_jar(std::string_view jar, const JarEntries& entries);

/// The content of a jar. INVALID_ARGUMENT: it is not a jar.
StatusOr<JarEntries> read_jar(std::string_view jar);

}  // namespace weir
