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

// Values of --from that are no path.
inline constexpr std::string_view kFromNone = "none";
inline constexpr std::string_view kFromLatest = "latest";

/// The configuration as the job master and the workers use it.
struct JobOptions {
  std::string
      job_directory;  ///< URI: the checkpoint directory and the job's id; empty: no checkpoints
  bool checkpoints_enabled = false;  ///< by time or by events
  TriggerPolicyOptions trigger;
  MonotonicTime checkpoint_timeout{0};
  int tolerable_failed_checkpoints = 0;
  int num_retained = 1;
  RetentionPolicy retention = RetentionPolicy::kRetainOnCancellation;
  RestartBackoffOptions restart;
  std::string restore_from = "none";  ///< "none", "latest" or the path of a snapshot
  bool ignore_unclaimed_state = false;
  bool accept_changed_job = false;           ///< state of this job with other arguments
  bool accept_abandoned_checkpoint = false;  ///< one that the job has gone back behind
  MonotonicTime heartbeat_interval = std::chrono::seconds(10);
  MonotonicTime heartbeat_timeout = std::chrono::seconds(50);
  MonotonicTime cancellation_timeout =
      std::chrono::seconds(180);  ///< then a worker that does not leave an attempt is given up
  bool adaptive =
      true;  ///< runs on fewer slots than wanted, and widens when there are more; false: waits
  MonotonicTime first_slot_wait =
      std::chrono::seconds(10);  ///< for all slots, before the job begins on fewer
  MonotonicTime restart_slot_wait = std::chrono::seconds(2);  ///< the same for a restart
  bool workers_apart =
      false;  ///< in other processes: their coming and going is worth a line in the log
  WorkerOptions worker;
};

/// INVALID_ARGUMENT or FAILED_PRECONDITION if settings contradict each other.
StatusOr<JobOptions> job_options(const Configuration& configuration, const JobId& job);

}  // namespace weir
