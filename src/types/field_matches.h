#pragma once

#include <cstddef>
#include <vector>

#include "weir/types/type_description.h"

namespace weir {

/// Which stored field each declared field is read from.
struct FieldMatches {
  std::vector<int> stored_of;   ///< for each declared field; -1: it is not stored
  std::vector<size_t> dropped;  ///< stored fields that nothing is read from
};

/// Matches the fields of two structs by name. A declared field that is not stored under its own
/// name is read from the first of its former names that is stored; then no other field is read from
/// that.
FieldMatches match_fields(const TypeDescription& stored, const TypeDescription& declared);

}  // namespace weir
