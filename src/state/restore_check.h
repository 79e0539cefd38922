#pragma once

#include <memory>
#include <string>
#include <vector>

#include "types/conversion.h"
#include "weir/operator/operator.h"
#include "weir/state/keyed_state.h"
#include "weir/status.h"

namespace weir {

struct ClaimedState {
  KeyedStateInfo::Kind kind = KeyedStateInfo::Kind::kValue;
  int index = -1;         ///< of the declared state; -1: the stored state is dropped
  bool with_ttl = false;  ///< read a time of last access before each stored value
  /// Converts the values, or the elements of a list or a map, without the time of last access.
  /// Null: they are stored as declared.
  std::shared_ptr<const Conversion> conversion;
  std::vector<std::string> changes;  ///< that it makes, see ConversionPlan
};

/// Converts all elements in the value of an entry. Fails `in` if it is malformed.
void convert_entry(const ClaimedState& claimed, BinaryReader& in, BinaryWriter& out);

/// Matches each of the `stored` states with one of the `declared` states. A state may have got or
/// lost its time to live since, and its values may be of an older type. FAILED_PRECONDITION names
/// the operator, the state and both types if they do not fit, and the remedy. `stored_key` may be
/// null if it is unknown. Undeclared timers are accepted here; their reader refuses them if there
/// are any.
StatusOr<std::vector<ClaimedState>> match_states(const std::string& operator_label,
                                                 const TypeDescription& declared_key,
                                                 const std::vector<KeyedStateInfo>& declared,
                                                 const TypeDescription* stored_key,
                                                 const std::vector<KeyedStateInfo>& stored,
                                                 bool ignore_unclaimed);

/// Converts the elements of an operator's list from the stored type to the declared one. `changes`:
/// as in ClaimedState. FAILED_PRECONDITION names the list and both types if no rule applies.
Status convert_list(const std::string& name, ListStateMode mode, const TypeDescription& stored,
                    const TypeDescription& declared, std::vector<std::string>* elements,
                    std::vector<std::string>* changes);

}  // namespace weir
