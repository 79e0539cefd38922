#pragma once

#include <cstdint>
#include <vector>

#include "checkpoint/byte_stream.h"
#include "checkpoint/keyed_header.h"
#include "checkpoint/snapshot_model.h"
#include "weir/state/keyed_state.h"
#include "weir/status.h"
#include "weir/types/bytes.h"

namespace weir {

class Scheduler;

// The stream with the keyed state of one operator in one subtask: a header, then its key groups in
// Flink's canonical layout (docs/formats/keyed_state.md). Everything here blocks and runs on the
// I/O pool.

/// The largest value in a snapshot, or the largest map of one key.
struct LargestValue {
  std::string state;
  int key_group = 0;
  size_t bytes = 0;
  bool is_map = false;
};
/// Writes the stream entry by entry; buffers at most 128 KiB besides one entry. `offsets` receives
/// one number per key group of the snapshot's range, as in KeyedStateHandle. Stops soon after
/// `sink` fails. INVALID_ARGUMENT: the state does not fit the format, and the output cannot be
/// read. `largest` may be null.
Status write_keyed_state(const KeyedStateSnapshot& snapshot, const ByteSink& sink,
                         std::vector<int64_t>* offsets, LargestValue* largest = nullptr,
                         StateCompression compression = StateCompression::kNone);

/// The same for some key groups: `groups`, by key group of the range. `changes`: writes what has
/// changed since snapshot.base(), instead of all entries. Writes nothing, not even a header, if
/// these groups have nothing to write.
Status write_keyed_layer(const KeyedStateSnapshot& snapshot, const std::vector<bool>& groups,
                         bool changes, const ByteSink& sink, std::vector<int64_t>* offsets,
                         LargestValue* largest = nullptr,
                         StateCompression compression = StateCompression::kNone);

/// Where the entries of a key group are. Exists only for groups with entries.
struct KeyGroupBytes {
  int key_group = 0;
  int64_t offset = 0;
  int64_t length = 0;
};
/// The non-empty groups among `groups`, in stream order. DATA_LOSS: the offsets contradict the
/// stream's length.
StatusOr<std::vector<KeyGroupBytes>> find_key_groups(const KeyedStateHandle& handle,
                                                     KeyGroupRange groups);
StatusOr<KeyedStreamHeader> read_keyed_header(const KeyedStateHandle& handle, const ReadAt& read);

/// Restores the key groups `groups` of one stream into `state`: calls begin_restore() with the
/// header's types, then read_group(), or read_changes() if it is a layer of changes, for each. The
/// layers of a handle have to be restored one by one, in their order. `known`: the types as they
/// were written, from the sidecar, or null. As Flink sees them they must equal those of the header.
/// A hosted chain's stream has no header, so it needs `known`. `ahead`: reads the next megabytes on
/// its I/O pool while the current ones are restored; may be null.
Status restore_keyed_state(const KeyedStateHandle& handle, KeyGroupRange groups, const ReadAt& read,
                           const KeyedStreamHeader* known, bool ignore_unclaimed, KeyedState& state,
                           Scheduler* ahead = nullptr);

}  // namespace weir
