#pragma once

#include <compare>
#include <map>
#include <string>
#include <vector>

#include "base/ids.h"

namespace weir {

/// An operator of the running graph, as seen by checkpoints.
struct CheckpointedOperator {
  std::string name;
  std::string uid;
  OperatorId id;
  int parallelism = 1;
  int max_parallelism = 128;
};

struct SubtaskId {
  OperatorId operator_id;
  int subtask = 0;
  auto operator<=>(const SubtaskId&) const = default;
};

/// The participants in an attempt's checkpoints. Exactly one process runs each subtask of each
/// operator.
struct CheckpointParticipants {
  std::vector<CheckpointedOperator> operators;
  /// Keyed by the process that acknowledges for them.
  std::map<int, std::vector<SubtaskId>> processes;
};

}  // namespace weir
