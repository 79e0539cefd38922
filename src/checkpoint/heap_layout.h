#pragma once

#include <string_view>

#include "checkpoint/keyed_stream.h"
#include "weir/bytes.h"
#include "weir/status.h"

namespace weir {

/// Turns the entries of one key group from the native layout of Flink's heap backend into the
/// canonical one, which KeyedState reads (docs/formats/keyed_state.md). `header` is the stream's
/// own: its types tell where a value ends. `bytes` begin at the group's offset and may go on behind
/// it.
Status heap_group_to_canonical(const KeyedStreamHeader& header, int key_group, int max_parallelism,
                               std::string_view bytes, BinaryWriter& out);

}  // namespace weir
