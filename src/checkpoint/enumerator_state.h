#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "weir/status.h"

namespace weir {

/// The state of a source's split enumerator in a checkpoint.
struct EnumeratorState {
  std::string state;                    ///< SplitEnumerator::snapshot() after the last discovery
  std::vector<std::string> unassigned;  ///< splits that no reader has yet, in order
  bool all_found = false;               ///< no discovery follows
  bool operator==(const EnumeratorState&) const = default;
};

/// The bytes in the coordinator state of `_metadata` (docs/formats/metadata.md).
std::string encode_enumerator_state(const EnumeratorState& state);
/// DATA_LOSS: malformed.
StatusOr<EnumeratorState> decode_enumerator_state(std::string_view bytes);
/// Whether these bytes are of weir. Otherwise they belong to one of Flink's sources or to a hosted
/// chain.
bool is_enumerator_state(std::string_view bytes);

}  // namespace weir
