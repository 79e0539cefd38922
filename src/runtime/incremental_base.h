#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "checkpoint/snapshot_model.h"

namespace weir {

/// The parts of one attempt's checkpoints in this process, so that later ones can refer to them.
/// Thread: any.
/// Invariant: no checkpoint builds on one that is not completed.
class IncrementalBase {
 public:
  /// The keyed state of one operator in one subtask.
  struct State {
    int64_t epoch = 0;  ///< KeyedStateSnapshot::epoch()
    KeyedStateHandle handle;
    int64_t credit = 0;  ///< see keyed_layers.h
  };
  struct Checkpoint {
    std::map<std::pair<OperatorId, int>, State> states;  ///< by operator and subtask
    std::map<std::string, DataFile> files;               ///< by the reference to them
  };

  /// The checkpoint's state is written. It may still fail.
  void add(CheckpointId id, Checkpoint checkpoint);
  /// Forgets the checkpoints before the one that was completed before this one: a snapshot of a
  /// task that has not been notified yet builds on that.
  void completed(CheckpointId id);
  void aborted(CheckpointId id);

  /// Null: unknown, or not completed.
  std::shared_ptr<const Checkpoint> find(CheckpointId id) const;

 private:
  mutable std::mutex mutex_;
  // guarded by mutex_
  std::map<CheckpointId, std::shared_ptr<const Checkpoint>> checkpoints_;
  CheckpointId completed_ = 0;
};

}  // namespace weir
