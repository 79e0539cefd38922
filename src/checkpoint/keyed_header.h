#pragma once

#include <vector>

#include "checkpoint/state_header.h"
#include "weir/state/keyed_state.h"
#include "weir/status.h"
#include "weir/types/bytes.h"
#include "weir/types/type_description.h"

namespace weir {

/// The header of a stream of keyed state (docs/formats/keyed_state.md).
struct KeyedStreamHeader {
  TypeDescription key_type;            ///< as far as Flink's class names determine it
  std::vector<KeyedStateInfo> states;  ///< a state's index is its id in the groups
  StateCompression compression = StateCompression::kNone;  ///< of each group by itself
};
void put_keyed_header(BinaryWriter& out, const TypeDescription& key_type,
                      const std::vector<KeyedStateInfo>& states,
                      StateCompression compression = StateCompression::kNone);
/// FAILED_PRECONDITION names a feature that weir cannot read (TTL, an unknown serializer).
StatusOr<KeyedStreamHeader> get_keyed_header(BinaryReader& in);

}  // namespace weir
