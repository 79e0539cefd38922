#include "runtime/task_restore.h"

#include <algorithm>

#include "base/bug_switch.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "checkpoint/keyed_stream.h"
#include "checkpoint/operator_stream.h"
#include "checkpoint/protocol/paths.h"
#include "checkpoint/state_reader.h"
#include "runtime/user_code.h"

namespace weir {
namespace {

/// The type of a list when it was written: from the sidecar, or else as far as the stream's header
/// contains it.
StatusOr<TypeDescription> list_type(const OperatorStateHandle& handle, const std::string& list,
                                    const OperatorStateDescription* known, const ReadAt& read) {
  if (known != nullptr) {
    for (const ListStateInfo& info : known->lists) {
      if (info.name == list) return info.element;
    }
  }
  WEIR_ASSIGN_OR_RETURN(const OperatorStreamHeader header, read_operator_header(handle, read));
  for (const ListStateInfo& info : header.lists) {
    if (info.name == list) return info.element;
  }
  return data_loss(cat("list state '", list, "' is named in _metadata but not in its stream"));
}

/// The part that one subtask of an operator reads alone.
const SubtaskRestore& own_part(const OperatorRestore& restore, int subtask) {
  static const SubtaskRestore kNothing;
  const auto i = static_cast<size_t>(subtask);
  return i < restore.subtasks.size() ? restore.subtasks[i] : kNothing;
}

StatusOr<OperatorLists> read_lists(const OperatorRestore& restore, int subtask,
                                   const OperatorStateDescription* known, StateReader& reader) {
  OperatorLists lists;
  for (const auto* selections : {&restore.for_all, &own_part(restore, subtask).lists}) {
    for (const ListStateSelection& selection : *selections) {
      WEIR_ASSIGN_OR_RETURN(const ReadAt read, reader.open(selection.handle->stream));
      ListStateContent& content = lists[selection.list];
      content.mode = selection.mode;
      WEIR_ASSIGN_OR_RETURN(content.element,
                            list_type(*selection.handle, selection.list, known, read));
      WEIR_ASSIGN_OR_RETURN(
          std::vector<std::string> elements,
          read_list_elements(*selection.handle, selection.list, selection.elements, read));
      std::move(elements.begin(), elements.end(), std::back_inserter(content.elements));
    }
  }
  return lists;
}

Status restore_keyed(const SubtaskRestore& restore, const OperatorStateDescription* known,
                     const TaskStart& start, StateReader& reader, KeyedState& state) {
  std::optional<KeyedStreamHeader> types;
  if (known != nullptr && known->key_type)
    types = KeyedStreamHeader{*known->key_type, known->keyed_states};
  for (const KeyedStateSelection& selection : restore.keyed) {
    WEIR_ASSIGN_OR_RETURN(const ReadAt read, reader.open(selection.handle->stream));
    WEIR_RETURN_IF_ERROR(restore_keyed_state(*selection.handle, selection.groups, read,
                                             types ? &*types : nullptr,
                                             start.ignore_unclaimed_state, state, start.ahead));
  }
  return {};
}

StatusOr<StateReader> open_reader(const TaskStart& start, FileSystemRegistry& files) {
  WEIR_ASSIGN_OR_RETURN(FileLocation directory, files.resolve(start.directory));
  StateReader::Shortcut local;
  if (start.local != nullptr)
    local = [copies = start.local](const std::string& name) {
      const auto shared = parse_shared_reference(name);
      return copies->open(shared ? std::string(*shared) : name);
    };
  return StateReader(std::move(directory), &files, start.sidecar, std::move(local));
}

/// Null if the checkpoint has nothing for the operator.
const OperatorRestore* find_restore(const TaskStart& start, const OperatorId& id) {
  const OperatorRestore* found = start.plan->find(id);
  return found != nullptr && found->found ? found : nullptr;
}

/// Null if nothing is known except the headers of the streams.
const OperatorStateDescription* find_types(const TaskStart& start, const OperatorId& id) {
  return start.sidecar != nullptr ? start.sidecar->find(id) : nullptr;
}

}  // namespace

Status add_splits(OperatorChain& chain, std::vector<std::string> splits) {
  SourceOperator* const source = chain.source();
  if (source == nullptr) return {};
  return call_user_code(chain.host(0).label(), [&] {
    source->add_splits(std::move(splits));
    return Status();
  });
}

Status open_and_restore(OperatorChain& chain, const TaskStart& start, FileSystemRegistry& files) {
  if (start.plan == nullptr) {
    WEIR_RETURN_IF_ERROR(chain.open({}));
    WEIR_RETURN_IF_ERROR(add_splits(chain, start.splits));
    return chain.restored();
  }
  WEIR_ASSIGN_OR_RETURN(StateReader reader, open_reader(start, files));
  const int subtask = chain.host(0).subtask();
  std::vector<const OperatorRestore*> restores;
  std::vector<OperatorLists> lists;
  for (size_t i = 0; i < chain.size(); ++i) {
    const JobOperator& description = chain.host(i).description();
    restores.push_back(find_restore(start, description.id));
    lists.emplace_back();
    if (restores.back() == nullptr) continue;
    auto read = read_lists(*restores.back(), subtask, find_types(start, description.id), reader);
    if (!read.ok()) return read.status().with_context(chain.host(i).label());
    lists.back() = *std::move(read);
    if (start.in_flight == nullptr) continue;
    WEIR_RETURN_IF_ERROR(call_user_code(
        chain.host(i).label(), [&] { return start.in_flight->take_from(i, lists.back()); }));
  }
  WEIR_RETURN_IF_ERROR(chain.open(std::move(lists)));
  if (restores[0] == nullptr) WEIR_RETURN_IF_ERROR(add_splits(chain, start.splits));
  for (size_t i = 0; i < chain.size(); ++i) {
    const JobOperator& description = chain.host(i).description();
    const std::string& label = chain.host(i).label();
    if (restores[i] == nullptr) continue;
    const SubtaskRestore& own = own_part(*restores[i], subtask);
    if (own.keyed.empty()) continue;
    KeyedState* state = chain.host(i).op().keyed_state();
    if (state == nullptr) {
      if (start.ignore_unclaimed_state) continue;
      return failed_precondition(
          cat(label,
              " has keyed state in the checkpoint but keeps none now; give it another uid, or set "
              "execution.state-recovery.ignore-unclaimed-state to drop that state"));
    }
    WEIR_RETURN_IF_ERROR(call_user_code(label, [&] {
      return restore_keyed(own, find_types(start, description.id), start, reader, *state);
    }));
  }
  return chain.restored();
}

Status restore_keyed_state_of(const OperatorId& id, int subtask, const TaskStart& start,
                              FileSystemRegistry& files, KeyedState& state) {
  const OperatorRestore* restore = find_restore(start, id);
  if (restore == nullptr) return {};
  WEIR_ASSIGN_OR_RETURN(StateReader reader, open_reader(start, files));
  return restore_keyed(own_part(*restore, subtask), find_types(start, id), start, reader, state);
}

StatusOr<OperatorLists> restored_lists(const OperatorId& id, int subtask, const TaskStart& start,
                                       FileSystemRegistry& files) {
  const OperatorRestore* restore = start.plan != nullptr ? find_restore(start, id) : nullptr;
  if (restore == nullptr) return OperatorLists();
  WEIR_ASSIGN_OR_RETURN(StateReader reader, open_reader(start, files));
  return read_lists(*restore, subtask, find_types(start, id), reader);
}

}  // namespace weir
