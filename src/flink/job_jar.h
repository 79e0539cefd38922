#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "weir/status.h"

namespace weir {

/// The entries of a jar, name to content. Names end with '/' for folders.
using JarEntries = std::map<std::string, std::string>;

/// The jar, with `entries` besides what it has; one of the same name is replaced. The same input
/// gives the same bytes, by which Flink knows what it has already. INVALID_ARGUMENT: `jar` is none.
StatusOr<std::string> add_to_jar(std::string_view jar, const JarEntries& entries);

/// All that a jar holds. INVALID_ARGUMENT: it is none.
StatusOr<JarEntries> read_jar(std::string_view jar);

}  // namespace weir
