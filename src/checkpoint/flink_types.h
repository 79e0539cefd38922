#pragma once

#include <string_view>

#include "weir/bytes.h"
#include "weir/status.h"
#include "weir/type_description.h"

namespace weir {

// The classes that Flink reads values with, as its files name them (docs/formats/types.md). A type
// is written as Flink sees it (flink_view() in types/compatibility.h). Two of Flink's types have no
// form of their own here: a timer is a kTuple named kTimerTuple of key and namespace, a value with
// TTL a kTuple named kTtlTuple of time and value.

inline constexpr std::string_view kTimerTuple = "timer";
inline constexpr std::string_view kTtlTuple = "ttl";

/// Appends a serializer snapshot: what a payload says of its keys and values.
void put_serializer_snapshot(BinaryWriter& out, const TypeDescription& type);

/// Reads one. The type has `flink_only` set. FAILED_PRECONDITION names a class that weir does not
/// know: what follows it cannot be found.
StatusOr<TypeDescription> get_serializer_snapshot(BinaryReader& in);

}  // namespace weir
