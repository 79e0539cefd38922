#pragma once

#include <optional>
#include <string>

#include "weir/types/type_description.h"

namespace weir {

/// nullopt if bytes of the stored type can be read as the declared one. Otherwise the first
/// difference, as part of a sentence: "field 'value': stored as int32, declared as int64". Shapes
/// must be equal, including field names; names of structs and enums are ignored. If only Flink's
/// serializer is known of the stored type, the declared type is compared in its Flink form.
std::optional<std::string> why_incompatible(const TypeDescription& stored,
                                            const TypeDescription& declared);

/// The type that Flink's serializer for `type` has: unsigned integers become signed, enums and
/// times integers, structs tuples, containers lists, variants a tuple of index and bytes, and types
/// that Flink does not have become bytes (docs/formats/types.md). Field names are kept.
TypeDescription flink_view(const TypeDescription& type);

}  // namespace weir
