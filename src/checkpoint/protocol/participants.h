#pragma once

#include <compare>
#include <map>
#include <string>
#include <vector>

#include "base/ids.h"

namespace weir {

/// An operator of the running graph, as checkpoints see it.
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

/// Who takes part in an attempt's checkpoints. Every subtask of every operator has exactly one
/// process.
struct CheckpointParticipants {
  std::vector<CheckpointedOperator> operators;
  std::map<int, std::vector<SubtaskId>> processes;  ///< by the process that acknowledges for them
};

}  // namespace weir
