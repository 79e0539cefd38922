#pragma once

#include <string_view>
#include <vector>

#include "base/ids.h"

namespace weir {

/// How a job ended, or that it is still running.
enum class JobOutcome {
  kRunning,
  kFinished,
  kFailed,
  kCanceled,
  kSuspended,  ///< its coordinator left in order, and another one will continue the job
};

/// `execution.checkpointing.externalized-checkpoint-retention`: whether the last checkpoint is kept
/// when the job is canceled. After FINISHED and FAILED it is always kept.
enum class RetentionPolicy { kRetainOnCancellation, kDeleteOnCancellation };

struct RetainedCheckpoint {
  CheckpointId id = 0;
  std::vector<CheckpointId> needs{};  ///< other checkpoints of this job that own files it refers to
};

struct RetentionInputs {
  std::vector<RetainedCheckpoint> completed{};  ///< in any order
  int num_retained = 1;
  JobOutcome outcome = JobOutcome::kRunning;
  RetentionPolicy policy = RetentionPolicy::kRetainOnCancellation;
  /// The checkpoints that the running attempt was restored from or that pending checkpoints refer
  /// to. Kept whatever the count says.
  std::vector<CheckpointId> in_use{};
};

/// The ids to delete, oldest first. Pure: makes the whole plan before anything is deleted.
/// Invariant: unless the job was canceled under kDeleteOnCancellation, the plan never has the
/// newest one, nor any that a kept one needs.
std::vector<CheckpointId> plan_retention(const RetentionInputs& in);

}  // namespace weir
