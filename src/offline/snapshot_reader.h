#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "checkpoint/keyed_stream.h"
#include "checkpoint/operator_stream.h"
#include "checkpoint/snapshot_loader.h"
#include "checkpoint/state_reader.h"
#include "offline/visited_state.h"

namespace weir {

/// Reads a checkpoint or a savepoint, of weir or of Flink. Blocks.
class SnapshotReader {
 public:
  /// `path`: the directory or its `_metadata`. With `read_all` every checksum is verified.
  static StatusOr<SnapshotReader> open(const std::string& path, FileSystemRegistry& files,
                                       bool read_all);

  const LoadedCheckpoint& snapshot() const { return loaded_; }
  const std::vector<OperatorSnapshotState>& operators() const {
    return loaded_.metadata->operators;
  }
  /// The types of an operator's state: from the sidecar, or else from the headers of its streams.
  StatusOr<OperatorStateDescription> describe(const OperatorSnapshotState& op);
  /// The size in bytes of each key group with entries.
  StatusOr<std::map<int, int64_t>> key_group_sizes(const OperatorSnapshotState& op) const;
  /// Null if the snapshot has nothing of the operator.
  const OperatorSnapshotState* find(const OperatorId& id) const;

  /// Restores the operator's entries in these key groups, with all layers.
  Status restore(const OperatorSnapshotState& op, KeyGroupRange groups, bool ignore_unclaimed,
                 KeyedState& into);
  /// Calls `visit` for each entry of the operator's keyed states, by subtask and key group.
  Status for_each_entry(const OperatorSnapshotState& op, const VisitEntry& visit);
  /// The same for some key groups of one subtask. `stopped`: visit() has returned false.
  Status visit_entries(const OperatorSnapshotState& op, const KeyedStateHandle& handle,
                       KeyGroupRange groups, const VisitEntry& visit, bool* stopped);
  /// The elements of one list of all subtasks.
  StatusOr<std::vector<std::string>> list_elements(const OperatorSnapshotState& op,
                                                   const std::string& list);
  StatusOr<std::vector<std::string>> list_elements(const SubtaskState& subtask,
                                                   const std::string& list);

 private:
  SnapshotReader(LoadedCheckpoint loaded, FileSystemRegistry& files);
  /// From the sidecar; nothing: only the streams' headers say them.
  std::optional<KeyedStreamHeader> known_types(const OperatorSnapshotState& op) const;
  Status restore(const OperatorSnapshotState& op, const KeyedStateHandle& handle,
                 KeyGroupRange groups, bool ignore_unclaimed, KeyedState& into);

  LoadedCheckpoint loaded_;
  std::unique_ptr<Sidecar> sidecar_;  // with checksums; reader_ refers to it. Null: Flink's
  std::unique_ptr<StateReader> reader_;
};

}  // namespace weir
