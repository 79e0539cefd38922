#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "checkpoint/request_queue.h"
#include "checkpoint/retention.h"
#include "cluster/job_master/restart_backoff.h"
#include "cluster/worker.h"
#include "config/configuration.h"

namespace weir {

// Special values of --from.
inline constexpr std::string_view kFromNone = "none";
inline constexpr std::string_view kFromLatest = "latest";

/// The configuration as the job master and the workers use it.
struct JobOptions {
  std::string
      job_directory;  ///< URI: the checkpoint directory and the job's id; empty: no checkpoints
  bool checkpoints_enabled = false;  ///< periodically, by time or by events
  TriggerPolicyOptions trigger;
  MonotonicTime checkpoint_timeout{0};
  int tolerable_failed_checkpoints = 0;
  int num_retained = 1;
  RetentionPolicy retention = RetentionPolicy::kRetainOnCancellation;
  RestartBackoffOptions restart;
  std::string restore_from = "none";  ///< "none", "latest" or the path of a snapshot
  bool claims_snapshot = false;       ///< the one of `restore_from`, if it is not the job's own
  std::string savepoint_directory;    ///< URI for savepoints whose request names none; may be empty
  bool savepoint_on_leave = false;
  bool ignore_unclaimed_state = false;
  bool accept_changed_job = false;  ///< accept state that this job wrote with other arguments
  /// Accept a checkpoint that the job has abandoned by going back.
  bool accept_abandoned_checkpoint = false;
  MonotonicTime heartbeat_interval = std::chrono::seconds(10);
  MonotonicTime heartbeat_timeout = std::chrono::seconds(50);
  /// Then a worker that does not leave an attempt is considered lost.
  MonotonicTime cancellation_timeout = std::chrono::seconds(180);
  /// Runs on fewer slots than requested, and widens when there are more; false: waits.
  bool adaptive = true;
  /// Wait for all slots before the job begins on fewer.
  MonotonicTime first_slot_wait = std::chrono::seconds(10);
  MonotonicTime restart_slot_wait = std::chrono::seconds(2);  ///< same for a restart
  bool workers_apart = false;  ///< workers are other processes, so log when they come and go
  WorkerOptions worker;
};

/// INVALID_ARGUMENT or FAILED_PRECONDITION if settings contradict each other.
StatusOr<JobOptions> job_options(const Configuration& configuration, const JobId& job);

}  // namespace weir
