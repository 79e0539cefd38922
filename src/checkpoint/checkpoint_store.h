#pragma once

#include <optional>
#include <set>
#include <vector>

#include "base/ids.h"
#include "checkpoint/retention.h"

namespace weir {

struct CheckpointStoreOptions {
  /// Exist already and belong to the job; count for retention.
  std::vector<CheckpointId> completed{};
  std::vector<CheckpointId> unconfirmed{};  ///< complete, but no pointer was ever set to them
  CheckpointId first_id = 1;                ///< the smallest id that this coordinator uses
  int num_retained = 1;
  RetentionPolicy retention = RetentionPolicy::kRetainOnCancellation;
};

/// Tracks the checkpoints in the job's directory: those that this coordinator completed or
/// inherited, those that an earlier leader left unconfirmed, and those of other coordinators.
/// Answers which is the latest and which may be deleted. Pure.
/// Thread: the job master's.
/// Invariants: completed ids ascend; a checkpoint of another coordinator is never selected for
/// deletion; an unconfirmed one is selected only after a checkpoint of this coordinator has
/// completed, because that proves that this coordinator was the leader, and that nobody will point
/// at the unconfirmed one.
class CheckpointStore {
 public:
  explicit CheckpointStore(CheckpointStoreOptions options);

  /// A checkpoint of this coordinator is complete. Its id must be above all existing ones.
  void add(CheckpointId id);
  /// Another coordinator has created the directory of this id.
  void leave_to_others(CheckpointId id) { foreign_.insert(id); }
  /// Another coordinator has completed this id, so it may continue from any checkpoint here.
  void share_with_others(CheckpointId id);

  std::optional<CheckpointId> latest() const;
  /// Completed checkpoints that must not be deleted yet, in ascending order.
  const std::vector<CheckpointId>& completed() const { return completed_; }
  bool is_completed(CheckpointId id) const;
  /// Whether the files of `id`, which is not pending, are left over and may be removed. `next_id`:
  /// the next id that this coordinator will use.
  bool is_left_over(CheckpointId id, CheckpointId next_id) const;

  /// Removes from this store, and returns, the ids to delete now. `outcome` is kRunning except at
  /// the end of the job.
  std::vector<CheckpointId> take_superfluous(JobOutcome outcome);
  /// Whether anything may be deleted at the job's end.
  bool is_shared() const { return shared_; }

 private:
  const CheckpointStoreOptions options_;
  std::vector<CheckpointId> completed_;
  std::vector<CheckpointId> unconfirmed_;
  bool confirmed_ = false;  // this coordinator has completed one
  std::set<CheckpointId> foreign_;
  bool shared_ = false;
};

}  // namespace weir
