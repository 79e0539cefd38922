#pragma once

#include <string>
#include <vector>

#include "weir/detail/keyed_state.h"
#include "weir/status.h"

namespace weir {

/// Which of the `declared` states each of the `stored` states is: an index, or -1 if it is to be
/// dropped. FAILED_PRECONDITION names the operator, the state and both types where they do not fit,
/// and what can be done. `stored_key` may be null: not known. Timers that nobody declares are
/// refused only if there are any, by whoever reads them.
StatusOr<std::vector<int>> match_states(const std::string& operator_label,
                                        const TypeDescription& declared_key,
                                        const std::vector<KeyedStateInfo>& declared,
                                        const TypeDescription* stored_key,
                                        const std::vector<KeyedStateInfo>& stored,
                                        bool ignore_unclaimed);

}  // namespace weir
