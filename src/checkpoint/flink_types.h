#pragma once

#include <string_view>

#include "weir/detail/state/ttl.h"
#include "weir/status.h"
#include "weir/types/bytes.h"
#include "weir/types/type_description.h"

namespace weir {

// The serializer classes that Flink's files name (docs/formats/types.md). A type is written as
// Flink sees it (flink_view() in types/compatibility.h). Two of Flink's types are represented as
// tuples: a timer as a kTuple named kTimerTuple with key and namespace, a value with TTL as a
// kTuple named kTtlTuple with time and value.

inline constexpr std::string_view kTimerTuple = "timer";
inline constexpr std::string_view kTtlTuple = detail::kTtlTypeName;

/// Appends a serializer snapshot: a payload's description of its keys and values.
void put_serializer_snapshot(BinaryWriter& out, const TypeDescription& type);

/// Reads a serializer snapshot. The resulting type has `flink_only` set. FAILED_PRECONDITION names
/// a class that weir does not know; the data after it cannot be parsed.
StatusOr<TypeDescription> get_serializer_snapshot(BinaryReader& in);

}  // namespace weir
