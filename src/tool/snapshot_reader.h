#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/snapshot_loader.h"
#include "checkpoint/state_reader.h"
#include "weir/state/keyed_state.h"

namespace weir::tool {

/// One entry of a keyed state. The bytes live during the call.
struct KeyedEntry {
  const TypeDescription& key_type;
  const KeyedStateInfo& state;
  int key_group = 0;
  std::string_view key;  ///< key, namespace [and user key], as in docs/formats/keyed_state.md
  std::string_view value;
};

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
  /// Calls `visit` for each entry of the operator's keyed states, by subtask and key group. False
  /// ends the reading.
  Status for_each_entry(const OperatorSnapshotState& op,
                        const std::function<bool(const KeyedEntry&)>& visit);
  /// The elements of one list of all subtasks.
  StatusOr<std::vector<std::string>> list_elements(const OperatorSnapshotState& op,
                                                   const std::string& list);

 private:
  SnapshotReader(LoadedCheckpoint loaded, FileSystemRegistry& files);

  LoadedCheckpoint loaded_;
  std::unique_ptr<Sidecar> sidecar_;  // with checksums; reader_ refers to it. Null: Flink's
  std::unique_ptr<StateReader> reader_;
};

/// "VALUE", as Flink names it.
std::string_view kind_text(KeyedStateInfo::Kind kind);
/// The entry's fields as JSON members: key, namespace, user key, time, value. DATA_LOSS: malformed.
StatusOr<std::string> entry_text(const KeyedEntry& entry);

}  // namespace weir::tool
