#pragma once

#include <optional>
#include <set>
#include <vector>

#include "base/ids.h"
#include "checkpoint/retention.h"

namespace weir {

struct CheckpointStoreOptions {
  std::vector<CheckpointId>
      completed{};  ///< that are there already and belong to the job: retention counts them
  std::vector<CheckpointId> unconfirmed{};  ///< complete ones that nobody has pointed at
  CheckpointId first_id = 1;                ///< the smallest id that this coordinator gives
  int num_retained = 1;
  RetentionPolicy retention = RetentionPolicy::kRetainOnCancellation;
};

/// Which checkpoints the job's directory has, as far as its coordinator may use or delete them: its
/// own and inherited completed ones, those that an earlier leader left unconfirmed, and those of
/// others. Answers which is the latest and which may be deleted. Pure.
/// Thread: the job master's.
/// Invariants: completed ids ascend; nothing of another coordinator's is ever named for deletion;
/// an unconfirmed one only after a checkpoint of this coordinator has completed, because that
/// proves that it led, and that nobody will point at the unconfirmed one.
class CheckpointStore {
 public:
  explicit CheckpointStore(CheckpointStoreOptions options);

  /// A checkpoint of this coordinator is complete. Its id is above all that are there.
  void add(CheckpointId id);
  /// Another coordinator has made this id's directory.
  void leave_to_others(CheckpointId id) { foreign_.insert(id); }
  /// Another coordinator has completed this id: it may go on from anything that is here.
  void share_with_others(CheckpointId id);

  std::optional<CheckpointId> latest() const;
  /// Those that are not to be deleted yet, ascending.
  const std::vector<CheckpointId>& completed() const { return completed_; }
  bool is_completed(CheckpointId id) const;
  /// Whether what was written for `id`, which is not pending, is left over and may be removed.
  /// `next_id`: the id that this coordinator gives next.
  bool is_left_over(CheckpointId id, CheckpointId next_id) const;

  /// The ids to delete now, which are here no longer. Not kRunning: at the job's end.
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
