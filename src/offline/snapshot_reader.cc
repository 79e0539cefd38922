#include "offline/snapshot_reader.h"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <utility>

#include "base/status_macros.h"
#include "base/strings.h"
#include "checkpoint/keyed_layers.h"

namespace weir {
namespace {

/// Appends the states whose names are new.
template <class State>
void add_new(std::vector<State> states, std::vector<State>* all) {
  for (State& state : states) {
    const bool known = std::any_of(all->begin(), all->end(),
                                   [&](const State& each) { return each.name == state.name; });
    if (!known) all->push_back(std::move(state));
  }
}

}  // namespace

SnapshotReader::SnapshotReader(LoadedCheckpoint loaded, FileSystemRegistry& files)
    : loaded_(std::move(loaded)) {
  const bool own = loaded_.sidecar && loaded_.sidecar->metadata_length > 0;
  if (own) sidecar_ = std::make_unique<Sidecar>(*loaded_.sidecar);
  reader_ = std::make_unique<StateReader>(loaded_.directory, &files, sidecar_.get());
}

StatusOr<SnapshotReader> SnapshotReader::open(const std::string& path, FileSystemRegistry& files,
                                              bool read_all) {
  WEIR_ASSIGN_OR_RETURN(const FileLocation given, files.resolve(path));
  WEIR_ASSIGN_OR_RETURN(const FileLocation directory, locate_snapshot(given));
  WEIR_ASSIGN_OR_RETURN(
      LoadedCheckpoint loaded,
      load_checkpoint(directory,
                      {.read_all = read_all, .files = &files, .leave_out_foreign_state = true}));
  return SnapshotReader(std::move(loaded), files);
}

StatusOr<OperatorStateDescription> SnapshotReader::describe(const OperatorSnapshotState& op) {
  if (loaded_.sidecar) {
    const OperatorStateDescription* known = loaded_.sidecar->find(op.id);
    if (known != nullptr) return *known;
  }
  OperatorStateDescription description;
  description.operator_id = op.id;
  description.uid = op.uid;
  for (const auto& [index, subtask] : op.subtasks) {
    if (subtask.keyed_state) {
      const KeyedStateHandle first = layers_of(*subtask.keyed_state).front();
      WEIR_ASSIGN_OR_RETURN(const ReadAt read, reader_->open(first.stream));
      WEIR_ASSIGN_OR_RETURN(KeyedStreamHeader header, read_keyed_header(first, read));
      description.key_type = std::move(header.key_type);
      add_new(std::move(header.states), &description.keyed_states);
    }
    if (subtask.operator_state) {
      WEIR_ASSIGN_OR_RETURN(const ReadAt read, reader_->open(subtask.operator_state->stream));
      WEIR_ASSIGN_OR_RETURN(OperatorStreamHeader header,
                            read_operator_header(*subtask.operator_state, read));
      add_new(std::move(header.lists), &description.lists);
    }
  }
  return description;
}

StatusOr<std::map<int, int64_t>> SnapshotReader::key_group_sizes(
    const OperatorSnapshotState& op) const {
  std::map<int, int64_t> sizes;
  for (const auto& [index, subtask] : op.subtasks) {
    if (!subtask.keyed_state) continue;
    for (const KeyedStateHandle& layer : layers_of(*subtask.keyed_state)) {
      WEIR_ASSIGN_OR_RETURN(const std::vector<KeyGroupBytes> groups,
                            find_key_groups(layer, layer.range));
      for (const KeyGroupBytes& group : groups) sizes[group.key_group] += group.length;
    }
  }
  return sizes;
}

std::optional<KeyedStreamHeader> SnapshotReader::known_types(
    const OperatorSnapshotState& op) const {
  if (!loaded_.sidecar) return std::nullopt;
  const OperatorStateDescription* known = loaded_.sidecar->find(op.id);
  if (known == nullptr || !known->key_type) return std::nullopt;
  return KeyedStreamHeader{*known->key_type, known->keyed_states};
}

Status SnapshotReader::restore(const OperatorSnapshotState& op, const KeyedStateHandle& handle,
                               KeyGroupRange groups, bool ignore_unclaimed, KeyedState& into) {
  const std::optional<KeyedStreamHeader> types = known_types(op);
  for (const KeyedStateHandle& layer : layers_of(handle)) {
    WEIR_ASSIGN_OR_RETURN(const ReadAt read, reader_->open(layer.stream));
    WEIR_RETURN_IF_ERROR(restore_keyed_state(layer, groups, read, types ? &*types : nullptr,
                                             ignore_unclaimed, into));
  }
  return {};
}

Status SnapshotReader::restore(const OperatorSnapshotState& op, KeyGroupRange groups,
                               bool ignore_unclaimed, KeyedState& into) {
  for (const auto& [index, subtask] : op.subtasks) {
    if (!subtask.keyed_state) continue;
    const KeyedStateHandle& handle = *subtask.keyed_state;
    const KeyGroupRange both{std::max(groups.first, handle.range.first),
                             std::min(groups.last, handle.range.last)};
    if (both.first <= both.last)
      WEIR_RETURN_IF_ERROR(restore(op, handle, both, ignore_unclaimed, into));
  }
  return {};
}

Status SnapshotReader::visit_entries(const OperatorSnapshotState& op,
                                     const KeyedStateHandle& handle, KeyGroupRange groups,
                                     const VisitEntry& visit, bool* stopped) {
  if (handle.layers.empty()) {
    VisitedEntries entries(op.max_parallelism, visit);
    WEIR_RETURN_IF_ERROR(restore(op, handle, groups, /*ignore_unclaimed=*/true, entries));
    *stopped = entries.stopped();
    return {};
  }
  for (int group = groups.first; group <= groups.last && !*stopped; ++group) {
    MergedGroup merged(op.max_parallelism);
    WEIR_RETURN_IF_ERROR(restore(op, handle, {group, group}, /*ignore_unclaimed=*/true, merged));
    *stopped = !merged.visit(group, visit);
  }
  return {};
}

Status SnapshotReader::for_each_entry(const OperatorSnapshotState& op, const VisitEntry& visit) {
  bool stopped = false;
  for (const auto& [index, subtask] : op.subtasks) {
    if (!subtask.keyed_state || stopped) continue;
    const KeyedStateHandle& handle = *subtask.keyed_state;
    WEIR_RETURN_IF_ERROR(visit_entries(op, handle, handle.range, visit, &stopped));
  }
  return {};
}

StatusOr<std::vector<std::string>> SnapshotReader::list_elements(const SubtaskState& subtask,
                                                                 const std::string& list) {
  if (!subtask.operator_state) return std::vector<std::string>();
  const auto found = subtask.operator_state->lists.find(list);
  if (found == subtask.operator_state->lists.end() || found->second.offsets.empty())
    return std::vector<std::string>();
  std::vector<int> indexes(found->second.offsets.size());
  std::iota(indexes.begin(), indexes.end(), 0);
  WEIR_ASSIGN_OR_RETURN(const ReadAt read, reader_->open(subtask.operator_state->stream));
  return read_list_elements(*subtask.operator_state, list, indexes, read);
}

StatusOr<std::vector<std::string>> SnapshotReader::list_elements(const OperatorSnapshotState& op,
                                                                 const std::string& list) {
  std::vector<std::string> all;
  for (const auto& [index, subtask] : op.subtasks) {
    WEIR_ASSIGN_OR_RETURN(std::vector<std::string> elements, list_elements(subtask, list));
    std::move(elements.begin(), elements.end(), std::back_inserter(all));
  }
  return all;
}

const OperatorSnapshotState* SnapshotReader::find(const OperatorId& id) const {
  const auto found = std::find_if(operators().begin(), operators().end(),
                                  [&](const auto& op) { return op.id == id; });
  return found == operators().end() ? nullptr : &*found;
}

}  // namespace weir
