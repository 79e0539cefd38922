#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/protocol/participants.h"
#include "checkpoint/snapshot_model.h"

namespace weir {

// The records in flight of an unaligned checkpoint are list state of the operator that they were on
// their way to (docs/formats/in_flight.md). The names of these lists are reserved.

/// How records in flight reach the subtasks of a restored job. Each edge has its route.
enum class InFlightRoute : uint8_t {
  kFixed,          ///< those of an old subtask go to one new subtask
  kByKey,          ///< each record goes to the owner of its key group
  kByPartitioner,  ///< each record goes where the user's Partitioner sends it
  kCopied,         ///< every new subtask goes on where one old subtask was; of a broadcast edge
};

/// The list of what was in flight to this input of the operator.
std::string in_flight_list_name(int input, InFlightRoute route);
struct InFlightList {
  int input = 0;
  InFlightRoute route = InFlightRoute::kFixed;
  bool operator==(const InFlightList&) const = default;
};
/// Nothing: an ordinary list.
std::optional<InFlightList> in_flight_list(std::string_view name);

/// The new subtasks, ascending, that must read what was in flight to the old subtask. By key and by
/// partitioner, each of them must still select its records. Pure.
std::vector<int> in_flight_readers(InFlightRoute route, int old_subtask,
                                   const OperatorSnapshotState& state,
                                   const CheckpointedOperator& target);

}  // namespace weir
