#include "tool/snapshot_reader.h"

#include <iterator>
#include <map>
#include <utility>

#include "base/status_macros.h"
#include "base/strings.h"
#include "checkpoint/keyed_layers.h"
#include "checkpoint/keyed_stream.h"
#include "checkpoint/operator_stream.h"
#include "tool/value_text.h"
#include "weir/detail/types/canonical.h"

namespace weir::tool {
namespace {

using Kind = KeyedStateInfo::Kind;

/// Flink writes a separator between the elements of a list.
constexpr uint8_t kSeparator = 0x2c;
/// Key groups above have a prefix of two bytes.
constexpr int kOneByteGroups = 128;

/// Receives entries as an operator would that restores them.
class VisitedState final : public KeyedState {
 public:
  VisitedState(int max_parallelism, const std::function<bool(const KeyedEntry&)>& visit)
      : max_parallelism_(max_parallelism), visit_(visit) {}

  std::unique_ptr<KeyedStateSnapshot> snapshot() override { return nullptr; }
  Status begin_restore(const TypeDescription* key_type, const std::vector<KeyedStateInfo>& states,
                       bool) override {
    key_type_ = key_type != nullptr ? *key_type : TypeDescription();
    states_ = states;
    return {};
  }
  Status read_group(int key_group, BinaryReader& in) override {
    detail::CanonicalGroupReader group(in, key_group, max_parallelism_ > kOneByteGroups);
    for (detail::CanonicalEntry entry; group.next(&entry);) {
      if (entry.state < 0 || static_cast<size_t>(entry.state) >= states_.size())
        return data_loss(cat("key group ", key_group, " has an entry of an unknown state"));
      if (stopped_) continue;
      stopped_ = !visit_({key_type_, states_[static_cast<size_t>(entry.state)], key_group,
                          entry.key, entry.value});
    }
    return {};
  }
  bool stopped() const { return stopped_; }
  void stop() { stopped_ = true; }

 private:
  const int max_parallelism_;
  const std::function<bool(const KeyedEntry&)>& visit_;
  TypeDescription key_type_;
  std::vector<KeyedStateInfo> states_;
  bool stopped_ = false;
};

/// One key group of an incremental checkpoint: applies its layers.
class MergedGroup final : public KeyedState {
 public:
  explicit MergedGroup(int max_parallelism) : max_parallelism_(max_parallelism) {}

  std::unique_ptr<KeyedStateSnapshot> snapshot() override { return nullptr; }
  Status begin_restore(const TypeDescription* key_type, const std::vector<KeyedStateInfo>& states,
                       bool) override {
    key_type_ = key_type != nullptr ? *key_type : TypeDescription();
    states_ = states;
    return {};
  }
  Status read_group(int key_group, BinaryReader& in) override {
    return read_part(key_group, in, [this](const detail::CanonicalEntry& entry) {
      entries_.insert_or_assign({entry.state, std::string(entry.key)}, std::string(entry.value));
    });
  }
  Status read_changes(int key_group, BinaryReader& in) override {
    if (in.get_u8() == 1) {
      WEIR_RETURN_IF_ERROR(read_part(key_group, in, [this](const detail::CanonicalEntry& entry) {
        remove(entry.state, std::string(entry.key));
      }));
      if (in.ok() && in.remaining() == 0) return {};
      in.get_u8();
    }
    return read_group(key_group, in);
  }
  void visit(int key_group, const std::function<bool(const KeyedEntry&)>& visit,
             VisitedState* state) const {
    for (const auto& [at, value] : entries_) {
      if (state->stopped()) return;
      if (!visit({key_type_, states_[static_cast<size_t>(at.first)], key_group, at.second, value}))
        state->stop();
    }
  }

 private:
  template <class F>
  Status read_part(int key_group, BinaryReader& in, const F& f) {
    detail::CanonicalGroupReader group(in, key_group, max_parallelism_ > kOneByteGroups);
    for (detail::CanonicalEntry entry; group.next(&entry);) {
      if (entry.state < 0 || static_cast<size_t>(entry.state) >= states_.size())
        return data_loss(cat("key group ", key_group, " has an entry of an unknown state"));
      f(entry);
    }
    return in.status(cat("key group ", key_group));
  }
  /// Removes the entry of a key, or all entries of its map: their keys begin with it. No other key
  /// does, because serialized keys contain their lengths.
  void remove(int state, const std::string& key) {
    auto at = entries_.lower_bound({state, key});
    while (at != entries_.end() && at->first.first == state && at->first.second.starts_with(key))
      at = entries_.erase(at);
  }

  const int max_parallelism_;
  TypeDescription key_type_;
  std::vector<KeyedStateInfo> states_;
  std::map<std::pair<int, std::string>, std::string> entries_;
};

std::string list_text(const TypeDescription& element, BinaryReader& in) {
  std::string text = "[";
  for (bool first = true; in.ok() && in.remaining() > 0; first = false) {
    if (!first && in.get_u8() != kSeparator) in.fail("no separator between elements");
    text += cat(first ? "" : ", ", value_text(element, in));
  }
  return text + "]";
}

std::string state_value_text(const KeyedStateInfo& state, BinaryReader& in) {
  switch (state.kind) {
    case Kind::kList: return list_text(state.value, in);
    case Kind::kMap: return in.get_bool() ? "null" : value_text(state.value.children.at(1), in);
    case Kind::kTimers: return "null";
    default: return value_text(state.value, in);
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
    if (subtask.keyed_state && !description.key_type) {
      const KeyedStateHandle first = layers_of(*subtask.keyed_state).front();
      WEIR_ASSIGN_OR_RETURN(const ReadAt read, reader_->open(first.stream));
      WEIR_ASSIGN_OR_RETURN(KeyedStreamHeader header, read_keyed_header(first, read));
      description.key_type = std::move(header.key_type);
      description.keyed_states = std::move(header.states);
    }
    if (subtask.operator_state && description.lists.empty()) {
      WEIR_ASSIGN_OR_RETURN(const ReadAt read, reader_->open(subtask.operator_state->stream));
      WEIR_ASSIGN_OR_RETURN(OperatorStreamHeader header,
                            read_operator_header(*subtask.operator_state, read));
      description.lists = std::move(header.lists);
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

Status SnapshotReader::for_each_entry(const OperatorSnapshotState& op,
                                      const std::function<bool(const KeyedEntry&)>& visit) {
  std::optional<KeyedStreamHeader> types;
  if (loaded_.sidecar) {
    const OperatorStateDescription* known = loaded_.sidecar->find(op.id);
    if (known != nullptr && known->key_type)
      types = KeyedStreamHeader{*known->key_type, known->keyed_states};
  }
  VisitedState state(op.max_parallelism, visit);
  for (const auto& [index, subtask] : op.subtasks) {
    if (!subtask.keyed_state || state.stopped()) continue;
    const auto read_layer = [&](const KeyedStateHandle& layer, KeyGroupRange groups,
                                KeyedState& into) -> Status {
      WEIR_ASSIGN_OR_RETURN(const ReadAt read, reader_->open(layer.stream));
      return restore_keyed_state(layer, groups, read, types ? &*types : nullptr,
                                 /*ignore_unclaimed=*/true, into);
    };
    const KeyedStateHandle& handle = *subtask.keyed_state;
    if (handle.layers.empty()) {
      WEIR_RETURN_IF_ERROR(read_layer(handle, handle.range, state));
      continue;
    }
    for (int group = handle.range.first; group <= handle.range.last && !state.stopped(); ++group) {
      MergedGroup merged(op.max_parallelism);
      for (const KeyedStateHandle& layer : handle.layers)
        WEIR_RETURN_IF_ERROR(read_layer(layer, {group, group}, merged));
      merged.visit(group, visit, &state);
    }
  }
  return {};
}

StatusOr<std::vector<std::string>> SnapshotReader::list_elements(const OperatorSnapshotState& op,
                                                                 const std::string& list) {
  std::vector<std::string> all;
  for (const auto& [index, subtask] : op.subtasks) {
    if (!subtask.operator_state) continue;
    const auto found = subtask.operator_state->lists.find(list);
    if (found == subtask.operator_state->lists.end()) continue;
    std::vector<int> indexes(found->second.offsets.size());
    for (size_t i = 0; i < indexes.size(); ++i) indexes[i] = static_cast<int>(i);
    if (indexes.empty()) continue;
    WEIR_ASSIGN_OR_RETURN(const ReadAt read, reader_->open(subtask.operator_state->stream));
    WEIR_ASSIGN_OR_RETURN(std::vector<std::string> elements,
                          read_list_elements(*subtask.operator_state, list, indexes, read));
    std::move(elements.begin(), elements.end(), std::back_inserter(all));
  }
  return all;
}

std::string_view kind_text(KeyedStateInfo::Kind kind) {
  switch (kind) {
    case Kind::kValue: return "VALUE";
    case Kind::kList: return "LIST";
    case Kind::kMap: return "MAP";
    case Kind::kReducing: return "REDUCING";
    case Kind::kAggregating: return "AGGREGATING";
    case Kind::kTimers: return "timers";
  }
  return "?";
}

StatusOr<std::string> entry_text(const KeyedEntry& entry) {
  BinaryReader key(entry.key);
  BinaryReader value(entry.value);
  std::string text = "{";
  if (entry.state.kind == Kind::kTimers) {
    const uint64_t flipped = key.get_u64() ^ (uint64_t{1} << 63);
    text += cat("\"time\": ", static_cast<int64_t>(flipped), ", ");
  }
  text += cat("\"key\": ", value_text(entry.key_type, key));
  const std::string name_space = value_text(entry.state.name_space, key);
  if (entry.state.name_space.kind != TypeKind::kVoid) text += cat(", \"namespace\": ", name_space);
  if (entry.state.kind == Kind::kMap)
    text += cat(", \"user_key\": ", value_text(entry.state.value.children.at(0), key));
  if (entry.state.kind != Kind::kTimers)
    text += cat(", \"value\": ", state_value_text(entry.state, value));
  if (!key.ok()) return key.status(cat("a key of ", entry.state.name));
  if (!value.ok()) return value.status(cat("a value of ", entry.state.name));
  return text + "}";
}

}  // namespace weir::tool
