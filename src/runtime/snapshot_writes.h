#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "platform/clock.h"
#include "runtime/task_snapshot.h"

namespace weir {

/// The snapshots of one checkpoint, until they are written or canceled. Thread: any.
class SnapshotWrite {
 public:
  explicit SnapshotWrite(std::vector<TaskSnapshot> snapshots) : snapshots_(std::move(snapshots)) {}

  /// Call it when the writing begins. Returns the snapshots, once; nothing if the write was
  /// canceled before.
  std::optional<std::vector<TaskSnapshot>> begin();
  /// The checkpoint was aborted. If no one writes the snapshots, their memory is freed now;
  /// otherwise when the writer sees canceled().
  void cancel();
  bool canceled() const;
  /// False if the write was canceled before it began, and so keeps nothing.
  bool keeps_state() const;

 private:
  mutable std::mutex mutex_;
  // guarded by mutex_
  std::vector<TaskSnapshot> snapshots_;
  bool begun_ = false;
  bool canceled_ = false;
};

/// The unfinished writes of one process. Each keeps a copy of the state that has changed since its
/// barrier. A canceled write keeps it too, until storage answers. So their number is limited.
/// Thread: the worker's.
class SnapshotWrites {
 public:
  std::shared_ptr<SnapshotWrite> add(CheckpointId id, MonotonicTime now,
                                     std::vector<TaskSnapshot> snapshots);
  void ended(const std::shared_ptr<SnapshotWrite>& write);
  void cancel(CheckpointId id);
  void cancel_all();
  /// RESOURCE_EXHAUSTED: `limit` or more writes keep state, so no further checkpoint should begin.
  /// The message names `where` as possibly slow.
  Status check_room(int limit, MonotonicTime now, const std::string& where) const;

 private:
  struct Write {
    CheckpointId id;
    MonotonicTime since;
    std::shared_ptr<SnapshotWrite> write;
  };
  std::vector<Write> writes_;  ///< in the order in which they began
};

}  // namespace weir
