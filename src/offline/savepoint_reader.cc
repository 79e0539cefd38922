#include <algorithm>

#include "base/status_macros.h"
#include "base/strings.h"
#include "checkpoint/keyed_layers.h"
#include "offline/offline_files.h"
#include "offline/savepoint_snapshot.h"
#include "state/restore_check.h"

namespace weir {
namespace {

/// The state of an operator is read in parts of about this size.
constexpr int64_t kPartBytes = int64_t{64} << 20;

const char* kind_name(KeyedStateInfo::Kind kind) {
  switch (kind) {
    case KeyedStateInfo::Kind::kValue: return "value";
    case KeyedStateInfo::Kind::kList: return "list";
    case KeyedStateInfo::Kind::kMap: return "map";
    case KeyedStateInfo::Kind::kReducing: return "reducing";
    case KeyedStateInfo::Kind::kAggregating: return "aggregating";
    case KeyedStateInfo::Kind::kTimers: return "timers";
  }
  return "?";
}

std::string name_of(const OperatorStateDescription& types, const OperatorSnapshotState& op) {
  const std::string& uid = types.uid.empty() ? op.uid : types.uid;
  return uid.empty() ? op.id.to_hex() : uid;
}

}  // namespace

StatusOr<OperatorId> id_of(const OperatorIdentifier& op) {
  if (!op.is_hash()) return murmur3_128(op.text());
  return OperatorId::from_hex(op.text());
}

std::string label_of(const OperatorIdentifier& op) {
  return cat("operator with ", op.is_hash() ? "the id " : "the uid '", op.text(),
             op.is_hash() ? "" : "'");
}

StatusOr<const OperatorSnapshotState*> find_operator(SnapshotReader& reader,
                                                     const OperatorIdentifier& op) {
  WEIR_ASSIGN_OR_RETURN(const OperatorId id, id_of(op));
  if (const OperatorSnapshotState* found = reader.find(id)) return found;
  std::string all;
  for (const OperatorSnapshotState& each : reader.operators()) {
    WEIR_ASSIGN_OR_RETURN(const OperatorStateDescription types, reader.describe(each));
    all += cat(all.empty() ? "" : ", ", name_of(types, each));
  }
  return not_found(cat(reader.snapshot().directory.uri, " has no ", label_of(op),
                       all.empty() ? "; it has none at all" : "; it has: ", all));
}

std::unique_ptr<FileSystemRegistry> file_systems_of(const FileSystemSettings& settings) {
  return offline_file_systems([settings](std::string_view key) -> std::optional<std::string> {
    const auto found = settings.find(std::string(key));
    if (found == settings.end()) return std::nullopt;
    return found->second;
  });
}

StatusOr<SavepointReader> SavepointReader::read(const std::string& path,
                                                const FileSystemSettings& settings) {
  auto files = file_systems_of(settings);
  WEIR_ASSIGN_OR_RETURN(SnapshotReader reader,
                        SnapshotReader::open(path, *files, /*read_all=*/false));
  return SavepointReader(std::make_shared<Snapshot>(std::move(files), std::move(reader)));
}

StatusOr<std::vector<StoredOperator>> SavepointReader::operators() const {
  std::vector<StoredOperator> all;
  for (const OperatorSnapshotState& op : snapshot_->reader.operators()) {
    WEIR_ASSIGN_OR_RETURN(const OperatorStateDescription types, snapshot_->reader.describe(op));
    StoredOperator& stored = all.emplace_back();
    stored.uid = types.uid.empty() ? op.uid : types.uid;
    stored.id = op.id.to_hex();
    stored.parallelism = op.parallelism;
    stored.max_parallelism = op.max_parallelism;
    if (types.key_type) stored.key_type = types.key_type->to_string();
    for (const KeyedStateInfo& state : types.keyed_states)
      stored.states.push_back({state.name, kind_name(state.kind), state.value.to_string(), true});
    for (const ListStateInfo& list : types.lists) {
      stored.states.push_back(
          {list.name, std::string(mode_name(list.mode)), list.element.to_string(), false});
    }
  }
  return all;
}

StatusOr<detail::OfflinePart> SavepointReader::parts_of(const OperatorIdentifier& op) const {
  WEIR_ASSIGN_OR_RETURN(const OperatorSnapshotState* state, find_operator(snapshot_->reader, op));
  int64_t bytes = 0;
  bool keyed = false;
  for (const auto& [index, subtask] : state->subtasks) {
    if (!subtask.keyed_state) continue;
    keyed = true;
    bytes += stream_bytes(*subtask.keyed_state);
  }
  if (!keyed) return failed_precondition(cat("the ", label_of(op), " has no keyed state"));
  const int64_t count =
      std::clamp<int64_t>((bytes + kPartBytes - 1) / kPartBytes, 1, state->max_parallelism);
  return detail::OfflinePart{op.text(), 0, static_cast<int>(count), state->max_parallelism};
}

Status SavepointReader::restore_keyed(const OperatorIdentifier& op, KeyGroupRange groups,
                                      KeyedState& into) const {
  WEIR_ASSIGN_OR_RETURN(const OperatorSnapshotState* state, find_operator(snapshot_->reader, op));
  return snapshot_->reader.restore(*state, groups, /*ignore_unclaimed=*/true, into);
}

StatusOr<std::vector<std::string>> SavepointReader::elements_of(
    const OperatorIdentifier& op, const std::string& list, ListStateMode mode,
    const TypeDescription& declared) const {
  SnapshotReader& reader = snapshot_->reader;
  WEIR_ASSIGN_OR_RETURN(const OperatorSnapshotState* state, find_operator(reader, op));
  WEIR_ASSIGN_OR_RETURN(const OperatorStateDescription types, reader.describe(*state));
  const auto found = std::find_if(types.lists.begin(), types.lists.end(),
                                  [&](const ListStateInfo& each) { return each.name == list; });
  if (found == types.lists.end())
    return not_found(cat("the ", label_of(op), " has no operator state '", list, "'"));
  if (found->mode != mode) {
    return failed_precondition(cat("operator state '", list, "' of the ", label_of(op),
                                   " is in mode ", mode_name(found->mode), ", not ",
                                   mode_name(mode)));
  }
  WEIR_ASSIGN_OR_RETURN(std::vector<std::string> elements, reader.list_elements(*state, list));
  std::vector<std::string> changes;
  WEIR_RETURN_IF_ERROR(convert_list(list, mode, found->element, declared, &elements, &changes));
  return elements;
}

}  // namespace weir
