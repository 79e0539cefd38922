#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "weir/operator/key_groups.h"
#include "weir/operator/operator.h"

namespace weir {

// The content of a checkpoint: the values that tasks acknowledge, `_metadata` stores and a restore
// reads.

/// State that is small enough to store inside `_metadata`.
struct InlineBytes {
  std::string bytes;
  std::string name{};  ///< Flink's name for it; empty: the encoder invents one
};
/// A range of a file beside `_metadata`; Flink's file segment (handle tag 15).
struct FileSegment {
  /// A name in the checkpoint's directory, a reference to the job's `shared/` (protocol/paths.h),
  /// or an absolute URI if the file is elsewhere.
  std::string file;
  int64_t offset = 0;
  int64_t length = 0;
};
using StateStream = std::variant<InlineBytes, FileSegment>;
int64_t stream_length(const StateStream& stream);

/// One operator's part in the raw keyed state of a chain that Flink hosted
/// (docs/formats/flink_host.md, State).
struct HostedPart {
  OperatorId operator_id;
  int32_t types = 0;  ///< the parts in the blobs must refer to their description by this number
};

/// The keyed state of one operator in one subtask: Flink's savepoint key groups (handle tag 7,
/// canonical layout). If Flink wrote it, also the key groups of its heap backend (tags 3 and 12).
struct KeyedStateHandle {
  KeyGroupRange range;
  /// One per key group of the range, from the start of the stream; 0: the group is empty.
  std::vector<int64_t> offsets;
  StateStream stream;
  /// Not 0: in the layout of the heap backend, of an operator with this max parallelism; read-only.
  int heap_max_parallelism = 0;
  /// If set, the stream belongs to a hosted chain, with an i64 length and a blob at each offset;
  /// offset -1: none. Read-only.
  std::optional<HostedPart> hosted{};
  /// The groups of the stream are changes to what earlier layers hold, not all entries.
  bool changes = false;
  /// Not empty: the state consists of these streams, applied in this order. Their range is that of
  /// this handle, whose own `offsets` and `stream` are unused. In a layer, an offset -n says that a
  /// later layer has the whole group, so what is at n is not read. See keyed_layers.h.
  std::vector<KeyedStateHandle> layers{};
};

/// Returns "split", "union" or "broadcast".
std::string_view mode_name(ListStateMode mode);

struct ListStateLocation {
  ListStateMode mode = ListStateMode::kSplit;
  std::vector<int64_t> offsets;  ///< one per element, from the start of the stream
};
/// The operator state of one subtask (handle tag 4).
struct OperatorStateHandle {
  std::map<std::string, ListStateLocation> lists;
  StateStream stream;
};

struct SubtaskState {
  std::optional<OperatorStateHandle> operator_state;
  std::optional<KeyedStateHandle> keyed_state;
  bool finished = false;  ///< had ended before the checkpoint, so there is no state
};

struct OperatorSnapshotState {
  std::string name;
  std::string uid;
  OperatorId id;
  int parallelism = 1;
  int max_parallelism = 128;
  std::map<int, SubtaskState> subtasks;  ///< subtasks without state may be missing
  bool finished = false;  ///< all of it had ended before the checkpoint, so there are no subtasks
  /// Of a source whose splits are found while the job runs: see enumerator_state.h. Empty: none.
  std::string enumerator = {};
};

struct CheckpointMetadata {
  CheckpointId checkpoint_id = 0;
  std::vector<OperatorSnapshotState> operators;
};

/// The contribution of one subtask of one operator to a checkpoint.
struct OperatorSubtaskState {
  OperatorId operator_id;
  int subtask = 0;
  SubtaskState state;
};

/// A data file that a process wrote for a checkpoint.
struct DataFile {
  std::string name;  ///< relative to the checkpoint's directory
  int64_t length = 0;
  uint64_t checksum = 0;  ///< XXH3-64 of all its bytes
  /// Size of the blocks whose checksums are at the file's end; 0: it has none.
  int64_t block_bytes = 0;
};

}  // namespace weir
