#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "checkpoint/protocol/participants.h"
#include "checkpoint/snapshot_model.h"
#include "weir/status.h"

namespace weir {

/// An operator of the graph that is about to run.
using RestoreTarget = CheckpointedOperator;

struct RestorePlanOptions {
  bool ignore_unclaimed_state = false;  ///< execution.state-recovery.ignore-unclaimed-state
};

/// Read the key groups `groups` of `handle`.
struct KeyedStateSelection {
  std::shared_ptr<const KeyedStateHandle> handle;
  KeyGroupRange groups;  ///< within handle->range; never empty
};

/// Read some elements of one list of `handle`.
struct ListStateSelection {
  std::shared_ptr<const OperatorStateHandle> handle;
  std::string list;
  ListStateMode mode = ListStateMode::kSplit;
  std::vector<int> elements;  ///< indexes into handle->lists[list].offsets, ascending; never empty
};

/// What one new subtask of an operator reads, and no other. Both in the order of the old subtasks.
struct SubtaskRestore {
  std::vector<KeyedStateSelection> keyed;
  std::vector<ListStateSelection> lists;
};

struct OperatorRestore {
  std::string name;
  std::string uid;
  OperatorId id;
  bool found = false;  ///< false: new in the graph, starts empty
  int old_parallelism = 0;
  int64_t bytes = 0;  ///< of state that its subtasks read
  std::vector<ListStateSelection>
      for_all;  ///< kUnion: each new subtask reads them; in the order of the old subtasks
  std::vector<SubtaskRestore> subtasks;  ///< one per new subtask
};

struct DroppedOperator {
  std::string name;
  std::string uid;
  OperatorId id;
  int64_t bytes = 0;
};

/// State per operator and new subtask. Refers to the metadata's handles and keeps them alive.
struct RestorePlan {
  CheckpointId checkpoint_id = 0;
  std::vector<OperatorRestore> operators;  ///< in the order of the targets
  std::vector<DroppedOperator> dropped;    ///< left behind because of ignore_unclaimed_state

  const OperatorRestore* find(const OperatorId& id) const;
  /// For people, one line per operator: what was matched, what is new, what is dropped.
  std::string to_string() const;
};

/// Who reads what. Pure. Operators are matched by id. Keyed state goes by key group; of operator
/// state, kUnion gives every element to every subtask, kSplit leaves the elements where they were,
/// or deals them out round-robin if the parallelism changed. FAILED_PRECONDITION: state that no
/// operator claims; another max parallelism. INVALID_ARGUMENT: two operators with one id.
/// DATA_LOSS: a checkpoint that contradicts itself (an id twice, overlapping key groups).
StatusOr<RestorePlan> plan_restore(std::shared_ptr<const CheckpointMetadata> metadata,
                                   const std::vector<RestoreTarget>& targets,
                                   const RestorePlanOptions& options);

/// The max parallelism that an operator's state was written with, if the checkpoint has keyed state
/// of it: what a graph that does not care must take over.
std::optional<int> stored_max_parallelism(const CheckpointMetadata& metadata, const OperatorId& id);

/// Bytes of all state of an operator.
int64_t state_bytes(const OperatorSnapshotState& state);

}  // namespace weir
