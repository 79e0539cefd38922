#pragma once

#include <string_view>
#include <vector>

#include "base/ids.h"

namespace weir {

/// How a job ended, or that it goes on.
enum class JobOutcome {
  kRunning,
  kFinished,
  kFailed,
  kCanceled,
  kSuspended,  ///< its coordinator went away in order; another one will go on with it
};

/// `execution.checkpointing.externalized-checkpoint-retention`: what becomes of the last checkpoint
/// when the job is canceled. After FINISHED and FAILED it is always kept.
enum class RetentionPolicy { kRetainOnCancellation, kDeleteOnCancellation };

struct RetainedCheckpoint {
  CheckpointId id = 0;
  std::vector<CheckpointId> needs{};  ///< other checkpoints of this job whose files it refers to
};

struct RetentionInputs {
  std::vector<RetainedCheckpoint> completed{};  ///< in any order
  int num_retained = 1;
  JobOutcome outcome = JobOutcome::kRunning;
  RetentionPolicy policy = RetentionPolicy::kRetainOnCancellation;
  /// What the running attempt was restored from, and what pending checkpoints refer to: kept
  /// whatever the count says.
  std::vector<CheckpointId> in_use{};
};

/// The ids to delete, oldest first. Pure: the whole plan first, deletes afterwards. Invariant:
/// unless the job was canceled under kDeleteOnCancellation, the newest is never in it, nor
/// anything that a kept one needs.
std::vector<CheckpointId> plan_retention(const RetentionInputs& in);

}  // namespace weir
