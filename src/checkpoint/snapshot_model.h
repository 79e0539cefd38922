#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "weir/detail/operator.h"
#include "weir/key_groups.h"

namespace weir {

// What a checkpoint consists of: the values that tasks acknowledge, `_metadata` holds and a restore
// reads.

/// State that is small enough to be inside `_metadata`.
struct InlineBytes {
  std::string bytes;
  std::string name{};  ///< what Flink calls it; empty: the encoder makes one up
};
/// A part of a file beside `_metadata`; Flink's file segment (handle tag 15).
struct FileSegment {
  std::string file;  ///< a name relative to the checkpoint's directory, or an absolute URI if the
                     ///< state lies elsewhere
  int64_t offset = 0;
  int64_t length = 0;
};
using StateStream = std::variant<InlineBytes, FileSegment>;
int64_t stream_length(const StateStream& stream);

/// An operator's part of the raw keyed state of a chain that Flink hosted
/// (docs/formats/flink_host.md, State).
struct HostedPart {
  OperatorId operator_id;
  int32_t types = 0;  ///< what the parts in the blobs must refer to their description by
};

/// The keyed state of one operator in one subtask: Flink's savepoint key groups (handle tag 7,
/// canonical layout), or, only where Flink wrote it, those of its heap backend (tags 3 and 12).
struct KeyedStateHandle {
  KeyGroupRange range;
  std::vector<int64_t> offsets;  ///< one per key group of the range, from the start of the stream;
                                 ///< 0: the group is empty
  StateStream stream;
  int heap_max_parallelism = 0;  ///< not 0: in the heap backend's layout, of an operator with this
                                 ///< max parallelism; read only
  /// Set: the stream is a hosted chain's, with an i64 length and a blob at each offset, -1 where
  /// there is none; read only.
  std::optional<HostedPart> hosted{};
};

struct ListStateLocation {
  ListStateMode mode = ListStateMode::kSplit;
  std::vector<int64_t> offsets;  ///< one per element, from the start of the stream
};
/// The operator state of one subtask (handle tag 4).
struct OperatorStateHandle {
  std::map<std::string, ListStateLocation> lists;
  StateStream stream;
  std::vector<int64_t> others{};  ///< where state begins that weir does not have (Flink's broadcast
                                  ///< state) and leaves alone
};

struct SubtaskState {
  std::optional<OperatorStateHandle> operator_state;
  std::optional<KeyedStateHandle> keyed_state;
  bool finished = false;  ///< had ended before the checkpoint; then there is no state
};

struct OperatorSnapshotState {
  std::string name;
  std::string uid;
  OperatorId id;
  int parallelism = 1;
  int max_parallelism = 128;
  std::map<int, SubtaskState> subtasks;  ///< a subtask without state may be missing
  bool finished = false;  ///< all of it had ended before the checkpoint; then there are no subtasks
};

struct CheckpointMetadata {
  CheckpointId checkpoint_id = 0;
  std::vector<OperatorSnapshotState> operators;
};

/// What one subtask of one operator contributes to a checkpoint.
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
  int64_t block_bytes =
      0;  ///< it ends with checksums of its blocks, which have so many bytes; 0: it does not
};

}  // namespace weir
