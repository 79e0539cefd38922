#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "checkpoint/protocol/task_figures.h"
#include "checkpoint/sidecar.h"
#include "checkpoint/snapshot_model.h"
#include "checkpoint/state_header.h"
#include "platform/clock.h"
#include "runtime/operator_host.h"
#include "weir/state/keyed_state.h"

namespace weir {

class FileSystem;
class IncrementalBase;
struct FileLocation;
class LargeValues;
class LocalCopies;

/// One operator's part of a snapshot, as it was at the barrier.
struct OperatorSnapshot {
  OperatorId id;
  std::string uid;
  std::string label;                          ///< its name in messages
  std::unique_ptr<KeyedStateSnapshot> keyed;  ///< or null
  CheckpointId base = 0;                      ///< the checkpoint of keyed->base(); 0: none
  OperatorLists lists;
};
/// Describes the operator's state: its names, kinds and types.
OperatorStateDescription describe(const OperatorSnapshot& op);

inline int64_t whole_us(MonotonicTime time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time).count();
}

/// One task's state at the moment of a barrier. The shard makes it in time bounded by the number of
/// pages; the I/O pool writes it.
struct TaskSnapshot {
  CheckpointId id = 0;
  int vertex = 0;
  int subtask = 0;
  std::vector<OperatorSnapshot> operators;
  std::vector<std::function<Status()>> before_ack;  ///< blocking work that must succeed first
  MonotonicTime first_barrier{0};
  MonotonicTime taken{0};
  TaskCheckpointFigures figures;
};

/// The result of writing the state of all tasks of one process for one checkpoint. Small pieces
/// stay in memory and go into `_metadata`; the others become segments of one data file. Thread: the
/// I/O pool; writing blocks.
struct SnapshotWriteResult {
  std::vector<OperatorSubtaskState> states;
  std::vector<OperatorStateDescription> descriptions;  ///< one per operator that has state
  /// The one that was written, if any; with `incremental` also the older ones that are referred to.
  std::vector<DataFile> files;
  int64_t bytes = 0;  ///< that were written, inline and to the file
  std::vector<TaskCheckpointFigures> tasks;
};
struct SnapshotWriteOptions {
  int64_t inline_threshold = 0;
  LocalCopies* local = nullptr;             ///< gets a copy of the file; may be null
  LargeValues* large_values = nullptr;      ///< warns of large values; may be null
  const FileLocation* savepoint = nullptr;  ///< a directory that gets a copy of the file; or null
  std::function<bool()> canceled{};         ///< called between pieces of some ten KiB; may be empty
  /// If set, the checkpoint refers to what older ones have written, and the file is in the job's
  /// `shared/`.
  IncrementalBase* incremental = nullptr;
  bool full = false;                                       ///< refer to nothing older
  StateCompression compression = StateCompression::kNone;  ///< of keyed state
};
/// `directory` is the checkpoint's, or `shared/`; `file_name` is not in use there. On failure the
/// file may exist, incomplete. CANCELLED: `canceled` returned true.
StatusOr<SnapshotWriteResult> write_snapshots(FileSystem& fs, const std::string& directory,
                                              const std::string& file_name,
                                              const SnapshotWriteOptions& options,
                                              std::vector<TaskSnapshot> snapshots);

}  // namespace weir
