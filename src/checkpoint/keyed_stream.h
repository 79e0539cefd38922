#pragma once

#include <cstdint>
#include <vector>

#include "checkpoint/byte_stream.h"
#include "checkpoint/snapshot_model.h"
#include "weir/bytes.h"
#include "weir/detail/keyed_state.h"
#include "weir/status.h"

namespace weir {

class Scheduler;

// The stream that holds the keyed state of one operator in one subtask: a header, then its key
// groups in Flink's canonical layout (docs/formats/keyed_state.md). All of it blocks and runs on
// the I/O pool.

/// The largest value of a snapshot.
struct LargestValue {
  std::string state;
  int key_group = 0;
  size_t bytes = 0;
};
/// Writes the stream entry by entry: besides one entry it holds at most 64 KiB. `offsets` gets one
/// number per key group of the snapshot's range, as in KeyedStateHandle. Ends soon when `sink`
/// fails. INVALID_ARGUMENT: the state does not fit into the format, and nothing of it can be read.
/// `largest` may be null.
Status write_keyed_state(const KeyedStateSnapshot& snapshot, const ByteSink& sink,
                         std::vector<int64_t>* offsets, LargestValue* largest = nullptr);

struct KeyedStreamHeader {
  TypeDescription key_type;            ///< as far as Flink's names tell it
  std::vector<KeyedStateInfo> states;  ///< a state's index is its id in the groups
};
void put_keyed_header(BinaryWriter& out, const TypeDescription& key_type,
                      const std::vector<KeyedStateInfo>& states);
/// FAILED_PRECONDITION: made with something that weir cannot read (compression, TTL, an unknown
/// serializer), by name.
StatusOr<KeyedStreamHeader> get_keyed_header(BinaryReader& in);

/// Where the entries of a key group are. Only for groups that have any.
struct KeyGroupBytes {
  int key_group = 0;
  int64_t offset = 0;
  int64_t length = 0;
};
/// The non-empty ones of `groups`, in the order in which they lie in the stream. DATA_LOSS: offsets
/// that contradict the stream's length.
StatusOr<std::vector<KeyGroupBytes>> find_key_groups(const KeyedStateHandle& handle,
                                                     KeyGroupRange groups);
StatusOr<KeyedStreamHeader> read_keyed_header(const KeyedStateHandle& handle, const ReadAt& read);

/// Gives `state` the key groups `groups` of one stream: begin_restore() with the header's types,
/// then read_group() for each. `known`: the types as they were written, by the sidecar, or null.
/// They must be those of the header as Flink sees them. A hosted chain's stream has no header, and
/// cannot do without. `ahead`: while some megabytes are taken in, the next are read on its I/O
/// pool; may be null.
Status restore_keyed_state(const KeyedStateHandle& handle, KeyGroupRange groups, const ReadAt& read,
                           const KeyedStreamHeader* known, bool ignore_unclaimed, KeyedState& state,
                           Scheduler* ahead = nullptr);

}  // namespace weir
