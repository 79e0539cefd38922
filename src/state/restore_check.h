#pragma once

#include <string>
#include <vector>

#include "weir/state/keyed_state.h"
#include "weir/status.h"

namespace weir {

/// Matches each of the `stored` states with one of the `declared` states. Returns the index of
/// that, or -1 if the stored state is dropped. FAILED_PRECONDITION names the operator, the state
/// and both types if they do not fit, and the remedy. `stored_key` may be null if it is unknown.
/// Undeclared timers are accepted here; their reader refuses them if there are any.
StatusOr<std::vector<int>> match_states(const std::string& operator_label,
                                        const TypeDescription& declared_key,
                                        const std::vector<KeyedStateInfo>& declared,
                                        const TypeDescription* stored_key,
                                        const std::vector<KeyedStateInfo>& stored,
                                        bool ignore_unclaimed);

}  // namespace weir
