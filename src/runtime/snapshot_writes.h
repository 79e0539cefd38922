#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "platform/clock.h"
#include "runtime/task_snapshot.h"

namespace weir {

/// What is to be written for one checkpoint, until it is written or given up. Thread: any.
class SnapshotWrite {
 public:
  explicit SnapshotWrite(std::vector<TaskSnapshot> snapshots) : snapshots_(std::move(snapshots)) {}

  /// When the writing begins: the snapshots, once. None if it was canceled before.
  std::optional<std::vector<TaskSnapshot>> begin();
  /// The checkpoint was given up: snapshots that no one writes give their memory back now, others
  /// when the writer sees canceled().
  void cancel();
  bool canceled() const;
  /// False: it was canceled before it began, and keeps nothing.
  bool keeps_state() const;

 private:
  mutable std::mutex mutex_;
  // guarded by mutex_
  std::vector<TaskSnapshot> snapshots_;
  bool begun_ = false;
  bool canceled_ = false;
};

/// The writes of one process that have not ended. Each keeps a copy of the state that has changed
/// since its barrier, also one that was canceled, as long as storage does not answer it; so their
/// number has a limit. Thread: the worker's.
class SnapshotWrites {
 public:
  std::shared_ptr<SnapshotWrite> add(CheckpointId id, MonotonicTime now,
                                     std::vector<TaskSnapshot> snapshots);
  void ended(const std::shared_ptr<SnapshotWrite>& write);
  void cancel(CheckpointId id);
  void cancel_all();
  /// RESOURCE_EXHAUSTED: `limit` or more keep state, so no further checkpoint should begin. `where`
  /// is named as what may be slow.
  Status check_room(int limit, MonotonicTime now, const std::string& where) const;

 private:
  struct Write {
    CheckpointId id;
    MonotonicTime since;
    std::shared_ptr<SnapshotWrite> write;
  };
  std::vector<Write> writes_;  ///< in the order of their beginnings
};

}  // namespace weir
