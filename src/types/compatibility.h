#pragma once

#include <optional>
#include <string>

#include "weir/type_description.h"

namespace weir {

/// Nothing if bytes of the stored type can be read as the declared one, or else the first
/// difference as a part of a sentence: "field 'value': stored as int32, declared as int64". Shapes
/// must be equal, names of fields included; names of structs and enums do not matter. If all that
/// is known of the stored type is Flink's serializer, the declared type is compared as Flink would
/// see it.
std::optional<std::string> why_incompatible(const TypeDescription& stored,
                                            const TypeDescription& declared);

/// The type that Flink's serializer of `type` stands for: unsigned integers signed, enums and times
/// integers, structs tuples, containers lists, variants a tuple of index and bytes, what Flink does
/// not know bytes (docs/formats/types.md). Names of fields stay.
TypeDescription flink_view(const TypeDescription& type);

}  // namespace weir
