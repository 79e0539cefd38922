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

/// An operator of the graph that will run.
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

/// The state that one new subtask of an operator reads; no other subtask reads it. Both lists are
/// in the order of the old subtasks.
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
  int64_t bytes = 0;  ///< amount of state that its subtasks read
  /// kUnion: every new subtask reads these; in the order of the old subtasks.
  std::vector<ListStateSelection> for_all;
  std::vector<SubtaskRestore> subtasks;  ///< one per new subtask
};

struct DroppedOperator {
  std::string name;
  std::string uid;
  OperatorId id;
  int64_t bytes = 0;
};

/// State per operator and new subtask. Shares ownership of the metadata's handles.
struct RestorePlan {
  CheckpointId checkpoint_id = 0;
  std::vector<OperatorRestore> operators;  ///< in the order of the targets
  std::vector<DroppedOperator> dropped;    ///< dropped because of ignore_unclaimed_state

  const OperatorRestore* find(const OperatorId& id) const;
  /// For display: one line per operator says whether it was matched, is new, or was dropped.
  std::string to_string() const;
};

/// Assigns state to subtasks. Pure. Operators are matched by id. Keyed state is split by key group.
/// Of operator state, kUnion gives every element to every subtask; kSplit leaves the elements where
/// they were, or deals them out round-robin if the parallelism changed; kBroadcast gives each new
/// subtask one old subtask's copy, in turn.
/// FAILED_PRECONDITION: no operator claims some state, or a max parallelism differs.
/// INVALID_ARGUMENT: two operators have the same id. DATA_LOSS: the checkpoint contradicts itself
/// (an id occurs twice, key groups overlap).
StatusOr<RestorePlan> plan_restore(std::shared_ptr<const CheckpointMetadata> metadata,
                                   const std::vector<RestoreTarget>& targets,
                                   const RestorePlanOptions& options);

/// The max parallelism that an operator's keyed state was written with; none if the checkpoint has
/// no keyed state for it. A graph that sets none must use it.
std::optional<int> stored_max_parallelism(const CheckpointMetadata& metadata, const OperatorId& id);

/// Size of all state of an operator in bytes.
int64_t state_bytes(const OperatorSnapshotState& state);

}  // namespace weir
