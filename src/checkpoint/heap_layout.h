#pragma once

#include <string_view>

#include "checkpoint/keyed_stream.h"
#include "weir/status.h"
#include "weir/types/bytes.h"

namespace weir {

/// Converts the entries of one key group from the native layout of Flink's heap backend to the
/// canonical one, which KeyedState reads (docs/formats/keyed_state.md). `header` is the header of
/// the same stream: its types are needed to find where a value ends. `bytes` start at the group's
/// offset and may extend past the group.
Status heap_group_to_canonical(const KeyedStreamHeader& header, int key_group, int max_parallelism,
                               std::string_view bytes, BinaryWriter& out);

}  // namespace weir
