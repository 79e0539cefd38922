#pragma once

#include <optional>
#include <string_view>

#include "weir/state/keyed_state.h"
#include "weir/types/type_description.h"

namespace weir {

// The names of kinds of types and of keyed state in checkpoints. Pure.

const char* kind_name(TypeKind kind);
const char* kind_name(KeyedStateInfo::Kind kind);
/// Nothing: no kind has this name.
std::optional<TypeKind> type_kind_of(std::string_view name);
std::optional<KeyedStateInfo::Kind> keyed_kind_of(std::string_view name);

/// Whether a type that was read has the parts that its kind needs.
bool has_all_parts(const TypeDescription& type);

}  // namespace weir
