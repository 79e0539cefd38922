#include "checkpoint/restore_plan.h"

#include <algorithm>
#include <iterator>
#include <numeric>

#include "base/bug_switch.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "checkpoint/in_flight_list.h"
#include "checkpoint/keyed_layers.h"

namespace weir {
namespace {

std::string describe(std::string_view name, std::string_view uid, const OperatorId& id) {
  if (name.empty() && uid.empty()) return id.to_hex();
  std::string text = name.empty() ? cat("with uid ", uid, " (") : cat("\"", name, "\" (");
  if (!name.empty() && !uid.empty()) text += cat("uid ", uid, ", ");
  return cat(text, "id ", id.to_hex(), ")");
}

bool has_state(const SubtaskState& state) {
  return state.operator_state.has_value() || state.keyed_state.has_value();
}

bool has_state(const OperatorSnapshotState& state) {
  return !state.enumerator.empty() ||
         std::any_of(state.subtasks.begin(), state.subtasks.end(),
                     [](const auto& entry) { return has_state(entry.second); });
}

bool has_keyed_state(const OperatorSnapshotState& state) {
  return std::any_of(state.subtasks.begin(), state.subtasks.end(),
                     [](const auto& entry) { return entry.second.keyed_state.has_value(); });
}

/// Checks that nothing would be restored twice: each key group is in at most one handle.
Status check_keyed_state(const OperatorSnapshotState& state) {
  std::map<int, int> last_of_first;
  for (const auto& [subtask, part] : state.subtasks) {
    if (!part.keyed_state) continue;
    const KeyedStateHandle& handle = *part.keyed_state;
    const std::vector<KeyedStateHandle> layers = layers_of(handle);
    const bool all_offsets =
        std::all_of(layers.begin(), layers.end(), [&](const KeyedStateHandle& layer) {
          return layer.offsets.size() == static_cast<size_t>(handle.range.size());
        });
    if (handle.range.size() <= 0 || handle.range.first < 0 ||
        handle.range.last >= state.max_parallelism || !all_offsets) {
      return data_loss(cat("the checkpoint's keyed state of operator ",
                           describe(state.name, state.uid, state.id), ", subtask ", subtask,
                           ", has the impossible key groups ", handle.range.first, " to ",
                           handle.range.last, " with ", layers.front().offsets.size(),
                           " offsets; restore another checkpoint"));
    }
    last_of_first.emplace(handle.range.first, handle.range.last);
  }
  size_t handles = 0;
  for (const auto& [subtask, part] : state.subtasks) handles += part.keyed_state.has_value();
  int last = -1;
  bool disjoint = handles == last_of_first.size();
  for (const auto& [first, range_last] : last_of_first) {
    disjoint = disjoint && first > last;
    last = range_last;
  }
  if (disjoint) return {};
  return data_loss(cat("the checkpoint has some key groups of operator ",
                       describe(state.name, state.uid, state.id),
                       " twice; restore another checkpoint"));
}

void select_keyed_state(const std::shared_ptr<const CheckpointMetadata>& metadata,
                        const OperatorSnapshotState& state, const RestoreTarget& target,
                        OperatorRestore& out) {
  // Disjoint, see check_keyed_state(); value: old subtask and handle.
  std::map<int, std::pair<int, const KeyedStateHandle*>> by_last_group;
  for (const auto& [old_subtask, part] : state.subtasks) {
    if (part.keyed_state)
      by_last_group[part.keyed_state->range.last] = {old_subtask, &*part.keyed_state};
  }
  for (int subtask = 0; subtask < target.parallelism; ++subtask) {
    KeyGroupRange mine = key_groups_of_subtask(subtask, target.parallelism, target.max_parallelism);
    if (bug_enabled(Bug::kRestoreWrongKeyGroups) && state.parallelism != target.parallelism)
      ++mine.first;
    std::map<int, std::vector<KeyedStateSelection>> selected;  // by old subtask
    for (auto old = by_last_group.lower_bound(mine.first); old != by_last_group.end(); ++old) {
      const auto& [old_subtask, handle] = old->second;
      const KeyGroupRange both{std::max(mine.first, handle->range.first),
                               std::min(mine.last, handle->range.last)};
      if (both.size() <= 0) break;
      std::vector<KeyedStateSelection>& selection = selected[old_subtask];
      if (handle->layers.empty()) selection.push_back({{metadata, handle}, both});
      for (const KeyedStateHandle& layer : handle->layers)
        selection.push_back({{metadata, &layer}, both});
    }
    for (auto& [old_subtask, selections] : selected) {
      std::vector<KeyedStateSelection>& mine_all = out.subtasks[static_cast<size_t>(subtask)].keyed;
      std::move(selections.begin(), selections.end(), std::back_inserter(mine_all));
    }
  }
}

void select_operator_state(const std::shared_ptr<const CheckpointMetadata>& metadata,
                           const OperatorSnapshotState& state, const RestoreTarget& target,
                           OperatorRestore& out) {
  const auto parallelism = static_cast<size_t>(target.parallelism);
  std::map<std::string, size_t> dealt;  // per list: number of elements dealt out so far
  std::map<std::string, std::vector<ListStateSelection>> copies;  // per broadcast state
  for (const auto& [old_subtask, part] : state.subtasks) {
    if (!part.operator_state) continue;
    const std::shared_ptr<const OperatorStateHandle> handle(metadata, &*part.operator_state);
    for (const auto& [name, location] : handle->lists) {
      if (location.offsets.empty()) continue;
      std::vector<int> all(location.offsets.size());
      std::iota(all.begin(), all.end(), 0);
      if (const auto in_flight = in_flight_list(name)) {
        for (const int reader : in_flight_readers(in_flight->route, old_subtask, state, target)) {
          out.subtasks[static_cast<size_t>(reader)].lists.push_back(
              {handle, name, location.mode, all});
        }
      } else if (location.mode == ListStateMode::kBroadcast) {
        copies[name].push_back({handle, name, location.mode, std::move(all)});
      } else if (location.mode == ListStateMode::kUnion && !bug_enabled(Bug::kUnionListDealt)) {
        out.for_all.push_back({handle, name, location.mode, std::move(all)});
      } else if (state.parallelism == target.parallelism) {
        out.subtasks[static_cast<size_t>(old_subtask)].lists.push_back(
            {handle, name, location.mode, std::move(all)});
      } else {
        std::map<size_t, std::vector<int>> elements;  // by new subtask
        for (const int i : all) elements[dealt[name]++ % parallelism].push_back(i);
        for (auto& [subtask, its] : elements)
          out.subtasks[subtask].lists.push_back({handle, name, location.mode, std::move(its)});
      }
    }
  }
  for (const auto& [name, stored] : copies) {
    size_t receivers = parallelism;
    if (bug_enabled(Bug::kBroadcastStateNotCopied)) receivers = std::min(receivers, stored.size());
    for (size_t subtask = 0; subtask < receivers; ++subtask)
      out.subtasks[subtask].lists.push_back(stored[subtask % stored.size()]);
  }
}

StatusOr<OperatorRestore> plan_operator(const std::shared_ptr<const CheckpointMetadata>& metadata,
                                        const OperatorSnapshotState& state,
                                        const RestoreTarget& target) {
  if (has_keyed_state(state) && state.max_parallelism != target.max_parallelism) {
    return failed_precondition(cat(
        "operator ", describe(target.name, target.uid, target.id), " has max parallelism ",
        target.max_parallelism, ", but its keyed state was written with ", state.max_parallelism,
        ", which is fixed for the state's life; set it to ", state.max_parallelism,
        " by set_max_parallelism() on the operator or the environment, or by "
        "pipeline.max-parallelism, or set none: then it is taken over"));
  }
  for (const auto& [subtask, part] : state.subtasks) {
    if (subtask < 0 || subtask >= state.parallelism) {
      return data_loss(cat("the checkpoint has a subtask ", subtask, " of operator ",
                           describe(state.name, state.uid, state.id), ", whose parallelism was ",
                           state.parallelism, "; restore another checkpoint"));
    }
  }
  WEIR_RETURN_IF_ERROR(check_keyed_state(state));

  OperatorRestore out{
      .name = target.name,
      .uid = target.uid,
      .id = target.id,
      .found = true,
      .old_parallelism = state.parallelism,
      .bytes = state_bytes(state),
      .for_all = {},
      .subtasks = std::vector<SubtaskRestore>(static_cast<size_t>(target.parallelism))};
  select_keyed_state(metadata, state, target, out);
  select_operator_state(metadata, state, target, out);
  return out;
}

}  // namespace

int64_t state_bytes(const OperatorSnapshotState& state) {
  auto bytes = static_cast<int64_t>(state.enumerator.size());
  for (const auto& [subtask, part] : state.subtasks) {
    if (part.operator_state) bytes += stream_length(part.operator_state->stream);
    if (part.keyed_state) bytes += stream_bytes(*part.keyed_state);
  }
  return bytes;
}

std::optional<int> stored_max_parallelism(const CheckpointMetadata& metadata,
                                          const OperatorId& id) {
  for (const OperatorSnapshotState& state : metadata.operators) {
    if (state.id == id && has_keyed_state(state)) return state.max_parallelism;
  }
  return std::nullopt;
}

StatusOr<RestorePlan> plan_restore(std::shared_ptr<const CheckpointMetadata> metadata,
                                   const std::vector<RestoreTarget>& targets,
                                   const RestorePlanOptions& options) {
  std::map<OperatorId, const OperatorSnapshotState*> stored;
  for (const OperatorSnapshotState& state : metadata->operators) {
    if (!stored.emplace(state.id, &state).second) {
      return data_loss(cat("checkpoint ", metadata->checkpoint_id, " has operator ",
                           describe(state.name, state.uid, state.id),
                           " twice; restore another checkpoint"));
    }
  }

  RestorePlan plan;
  plan.checkpoint_id = metadata->checkpoint_id;
  std::map<OperatorId, const RestoreTarget*> claimed;
  for (const RestoreTarget& target : targets) {
    if (const auto [other, fresh] = claimed.emplace(target.id, &target); !fresh) {
      return invalid_argument(cat("operators \"", other->second->name, "\" and \"", target.name,
                                  "\" have the same uid ", target.uid, " (id ", target.id.to_hex(),
                                  "); give each operator its own uid"));
    }
    const auto found = stored.find(target.id);
    if (found == stored.end()) {
      plan.operators.push_back(
          {.name = target.name,
           .uid = target.uid,
           .id = target.id,
           .for_all = {},
           .subtasks = std::vector<SubtaskRestore>(static_cast<size_t>(target.parallelism))});
      continue;
    }
    WEIR_ASSIGN_OR_RETURN(OperatorRestore restore, plan_operator(metadata, *found->second, target));
    plan.operators.push_back(std::move(restore));
  }

  for (const OperatorSnapshotState& state : metadata->operators) {
    if (claimed.contains(state.id) || !has_state(state)) continue;
    plan.dropped.push_back({state.name, state.uid, state.id, state_bytes(state)});
  }
  if (!plan.dropped.empty() && !options.ignore_unclaimed_state) {
    std::string text = cat("checkpoint ", metadata->checkpoint_id,
                           " holds state that no operator of this job claims: ");
    for (size_t i = 0; i < plan.dropped.size(); ++i) {
      const DroppedOperator& dropped = plan.dropped[i];
      text += cat(i == 0 ? "" : ", ", describe(dropped.name, dropped.uid, dropped.id), " with ",
                  dropped.bytes, " bytes");
    }
    return failed_precondition(
        cat(text, "; give the operator that should have it that uid, or set ",
            "execution.state-recovery.ignore-unclaimed-state to true to leave it behind"));
  }
  return plan;
}

const OperatorRestore* RestorePlan::find(const OperatorId& id) const {
  for (const OperatorRestore& each : operators) {
    if (each.id == id) return &each;
  }
  return nullptr;
}

std::string RestorePlan::to_string() const {
  std::string text = cat("restore of checkpoint ", checkpoint_id, "\n");
  for (const OperatorRestore& each : operators) {
    text += cat("  ", each.found ? "matched " : "new     ", describe(each.name, each.uid, each.id));
    if (each.found) {
      text += cat(": ", each.bytes, " bytes, ", each.old_parallelism);
      if (each.old_parallelism != static_cast<int>(each.subtasks.size()))
        text += cat(" -> ", each.subtasks.size());
      text += " subtasks";
    }
    text += '\n';
  }
  for (const DroppedOperator& each : dropped) {
    text += cat("  dropped ", describe(each.name, each.uid, each.id), ": ", each.bytes, " bytes\n");
  }
  return text;
}

}  // namespace weir
