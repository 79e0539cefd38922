#pragma once

#include <string>
#include <vector>

#include "weir/state/keyed_state.h"
#include "weir/status.h"

namespace weir {

struct ClaimedState {
  int index = -1;         ///< of the declared state; -1: the stored state is dropped
  bool with_ttl = false;  ///< read a time of last access before each stored value
};

/// Matches each of the `stored` states with one of the `declared` states. A state may have got or
/// lost its time to live since. FAILED_PRECONDITION names the operator, the state
/// and both types if they do not fit, and the remedy. `stored_key` may be null if it is unknown.
/// Undeclared timers are accepted here; their reader refuses them if there are any.
StatusOr<std::vector<ClaimedState>> match_states(const std::string& operator_label,
                                                 const TypeDescription& declared_key,
                                                 const std::vector<KeyedStateInfo>& declared,
                                                 const TypeDescription* stored_key,
                                                 const std::vector<KeyedStateInfo>& stored,
                                                 bool ignore_unclaimed);

}  // namespace weir
