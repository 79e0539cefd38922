#include "offline/operator_writer.h"

#include <algorithm>
#include <iterator>

#include "base/status_macros.h"
#include "base/strings.h"
#include "offline/raw_keyed_snapshot.h"
#include "weir/detail/offline/offline_operator.h"

namespace weir {
namespace {

using detail::OfflineLists;

StatusOr<KeyedStateHandle> write_keyed(const KeyedStateSnapshot& snapshot, StateFile& file) {
  KeyedStateHandle handle;
  handle.range = snapshot.range();
  WEIR_ASSIGN_OR_RETURN(handle.stream, file.write([&](const ByteSink& sink) {
    return write_keyed_state(snapshot, sink, &handle.offsets);
  }));
  return handle;
}

StatusOr<OperatorStateHandle> write_lists(const OfflineLists& lists, StateFile& file) {
  OperatorStateHandle handle;
  WEIR_ASSIGN_OR_RETURN(handle.stream, file.write([&](const ByteSink& sink) {
    return write_operator_state(lists, sink, &handle.lists);
  }));
  return handle;
}

/// The lists of one subtask.
StatusOr<OfflineLists> read_lists(SnapshotReader& reader, const SubtaskState& subtask,
                                  const OperatorStateDescription& types) {
  OfflineLists lists;
  for (const ListStateInfo& list : types.lists) {
    if (!subtask.operator_state || !subtask.operator_state->lists.contains(list.name)) continue;
    WEIR_ASSIGN_OR_RETURN(std::vector<std::string> elements,
                          reader.list_elements(subtask, list.name));
    lists[list.name] = {list.mode, list.element, std::move(elements)};
  }
  return lists;
}

/// The lists of all subtasks, as one subtask restores them.
StatusOr<OfflineLists> read_all_lists(SnapshotReader& reader, const OperatorSnapshotState& op) {
  WEIR_ASSIGN_OR_RETURN(const OperatorStateDescription types, reader.describe(op));
  OfflineLists all;
  for (const auto& [index, subtask] : op.subtasks) {
    WEIR_ASSIGN_OR_RETURN(OfflineLists lists, read_lists(reader, subtask, types));
    for (auto& [name, list] : lists) {
      const auto [at, is_new] = all.try_emplace(name, list);
      if (is_new || list.mode == ListStateMode::kBroadcast) continue;
      std::move(list.elements.begin(), list.elements.end(),
                std::back_inserter(at->second.elements));
    }
  }
  return all;
}

/// Opens the operator with the state that it starts with, and gives it all records.
Status run(const OperatorToMake& op, SnapshotReader* reader, detail::OfflineContext& context,
           Operator& running) {
  WEIR_RETURN_IF_ERROR(context.open(running));
  if (op.start != nullptr) {
    const bool keyed = std::any_of(op.start->subtasks.begin(), op.start->subtasks.end(),
                                   [](const auto& each) { return each.second.keyed_state; });
    if (keyed && running.keyed_state() == nullptr) {
      return failed_precondition(
          cat("the ", op.label, " has keyed state, and its function declares none"));
    }
    if (keyed) {
      WEIR_RETURN_IF_ERROR(reader->restore(*op.start, {0, op.max_parallelism - 1},
                                           /*ignore_unclaimed=*/false, *running.keyed_state()));
    }
  }
  WEIR_RETURN_IF_ERROR(running.restored());
  const auto next = op.bootstrap->records();
  while (const std::unique_ptr<Batch> batch = next()) running.process(*batch, context);
  return {};
}

}  // namespace

StatusOr<WrittenOperator> copy_operator(SnapshotReader& reader, const OperatorSnapshotState& op,
                                        StateFile& file) {
  WrittenOperator written{op, {}};
  WEIR_ASSIGN_OR_RETURN(written.types, reader.describe(op));
  for (const auto& [index, subtask] : op.subtasks) {
    SubtaskState& copy = written.state.subtasks[index];
    if (subtask.keyed_state) {
      const RawKeyedSnapshot keyed(reader, op, *subtask.keyed_state, written.types);
      WEIR_ASSIGN_OR_RETURN(copy.keyed_state, write_keyed(keyed, file));
    }
    if (subtask.operator_state) {
      WEIR_ASSIGN_OR_RETURN(const OfflineLists lists, read_lists(reader, subtask, written.types));
      WEIR_ASSIGN_OR_RETURN(copy.operator_state, write_lists(lists, file));
    }
  }
  return written;
}

StatusOr<WrittenOperator> make_operator(const OperatorToMake& op, SnapshotReader* reader,
                                        StateFile& file) {
  OfflineLists restored;
  if (op.start != nullptr) { WEIR_ASSIGN_OR_RETURN(restored, read_all_lists(*reader, *op.start)); }
  detail::OfflineContext context({op.label, 0, 1, op.max_parallelism}, std::move(restored));
  const std::unique_ptr<Operator> running = op.bootstrap->make();
  WEIR_RETURN_IF_ERROR(run(op, reader, context, *running));
  WEIR_ASSIGN_OR_RETURN(const OfflineLists lists, context.snapshot(*running));

  WrittenOperator written;
  written.state.uid = written.types.uid = op.uid;
  written.state.id = written.types.operator_id = op.id;
  written.state.max_parallelism = op.max_parallelism;
  SubtaskState& subtask = written.state.subtasks[0];
  if (running->keyed_state() != nullptr) {
    const auto keyed = running->keyed_state()->snapshot();
    written.types.key_type = keyed->key_type();
    written.types.keyed_states = keyed->states();
    WEIR_ASSIGN_OR_RETURN(subtask.keyed_state, write_keyed(*keyed, file));
  }
  if (!lists.empty()) {
    for (const auto& [name, list] : lists)
      written.types.lists.push_back({name, list.mode, list.element});
    WEIR_ASSIGN_OR_RETURN(subtask.operator_state, write_lists(lists, file));
  }
  running->close();
  return written;
}

}  // namespace weir
