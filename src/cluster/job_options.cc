#include "cluster/job_options.h"

#include <algorithm>

#include "base/status_macros.h"
#include "base/strings.h"
#include "checkpoint/protocol/paths.h"
#include "config/options.h"

namespace weir {
namespace {

RestartBackoffOptions restart_options(const Configuration& configuration,
                                      bool checkpoints_enabled) {
  RestartBackoffOptions restart;
  restart.type = configuration.get_optional(options::kRestartStrategy)
                     .value_or(checkpoints_enabled ? RestartStrategyType::kExponentialDelay
                                                   : RestartStrategyType::kNone);
  restart.attempts = static_cast<int>(configuration.get(options::kFixedDelayAttempts));
  restart.delay = restart.type == RestartStrategyType::kFailureRate
                      ? configuration.get(options::kFailureRateDelay)
                      : configuration.get(options::kFixedDelayDelay);
  restart.max_failures_per_interval =
      static_cast<int>(configuration.get(options::kFailureRateMaxFailures));
  restart.failure_rate_interval = configuration.get(options::kFailureRateInterval);
  restart.initial_backoff = configuration.get(options::kExponentialDelayInitialBackoff);
  restart.max_backoff = configuration.get(options::kExponentialDelayMaxBackoff);
  restart.backoff_multiplier = configuration.get(options::kExponentialDelayMultiplier);
  restart.jitter_factor = configuration.get(options::kExponentialDelayJitter);
  restart.reset_backoff_threshold = configuration.get(options::kExponentialDelayResetThreshold);
  if (const auto attempts = configuration.get_optional(options::kExponentialDelayAttempts)) {
    restart.attempts_before_reset = static_cast<int>(*attempts);
  }
  return restart;
}

/// Nothing: barriers are always aligned.
StatusOr<std::optional<MonotonicTime>> overtake_after(const Configuration& configuration) {
  if (!configuration.get(options::kUnalignedCheckpoints)) return std::optional<MonotonicTime>();
  if (configuration.get(options::kCheckpointMode) != CheckpointingMode::kExactlyOnce) {
    return failed_precondition(
        cat(configuration.describe(options::kUnalignedCheckpoints),
            " needs execution.checkpointing.mode EXACTLY_ONCE; with AT_LEAST_ONCE no channel waits "
            "for the barriers of others, and records in flight are not part of a checkpoint"));
  }
  if (configuration.get(options::kMaxConcurrentCheckpoints) != 1) {
    return failed_precondition(
        cat(configuration.describe(options::kUnalignedCheckpoints),
            " needs execution.checkpointing.max-concurrent-checkpoints 1: of an unaligned "
            "checkpoint the next one would have to contain the records in flight again"));
  }
  return std::optional<MonotonicTime>(configuration.get(options::kAlignedCheckpointTimeout));
}

}  // namespace

StatusOr<JobOptions> job_options(const Configuration& configuration, const JobId& job) {
  WEIR_RETURN_IF_ERROR(configuration.validate());
  JobOptions result;
  if (const auto directory = configuration.get_optional(options::kCheckpointDir)) {
    result.job_directory = join_path(*directory, job_directory_name(job));
  }
  if (const auto interval = configuration.get_optional(options::kCheckpointInterval))
    result.trigger.interval = *interval;
  result.trigger.event_threshold =
      configuration.get_optional(options::kCheckpointEventThreshold).value_or(0);
  result.trigger.min_pause = configuration.get(options::kCheckpointMinPause);
  result.trigger.max_concurrent =
      static_cast<int>(configuration.get(options::kMaxConcurrentCheckpoints));
  result.checkpoints_enabled =
      result.trigger.interval.has_value() || result.trigger.event_threshold > 0;
  if (result.checkpoints_enabled && result.job_directory.empty()) {
    return failed_precondition(
        "checkpoints are enabled but there is no directory for them: call "
        "env.set_state_backend(FsStateBackend(\"hdfs://… or file:///…\")) or "
        "set execution.checkpointing.dir");
  }
  result.checkpoint_timeout = configuration.get(options::kCheckpointTimeout);
  result.tolerable_failed_checkpoints =
      static_cast<int>(configuration.get(options::kTolerableFailedCheckpoints));
  result.num_retained = static_cast<int>(configuration.get(options::kNumRetainedCheckpoints));
  result.retention =
      configuration.get(options::kCheckpointRetention) == CheckpointRetention::kRetainOnCancellation
          ? RetentionPolicy::kRetainOnCancellation
          : RetentionPolicy::kDeleteOnCancellation;
  WEIR_ASSIGN_OR_RETURN(result.worker.execution.overtake_after, overtake_after(configuration));
  result.restart = restart_options(configuration, result.checkpoints_enabled);
  result.restore_from =
      configuration.get_optional(options::kStateRecoveryPath).value_or(std::string(kFromNone));
  result.claims_snapshot = configuration.get(options::kClaimMode) == ClaimMode::kClaim;
  result.savepoint_directory = configuration.get_optional(options::kSavepointDir).value_or("");
  result.savepoint_on_leave = configuration.get(options::kSavepointOnLeave);
  if (result.savepoint_on_leave && result.savepoint_directory.empty()) {
    return failed_precondition(
        cat(configuration.describe(options::kSavepointOnLeave),
            " needs a directory for the savepoint: set execution.checkpointing.savepoint-dir"));
  }
  if (result.savepoint_on_leave && !result.checkpoints_enabled) {
    return failed_precondition(
        cat(configuration.describe(options::kSavepointOnLeave),
            " needs checkpoints: set execution.checkpointing.interval and .dir"));
  }
  if (result.restore_from == kFromLatest && result.job_directory.empty()) {
    return failed_precondition(
        "--from latest needs the checkpoint directory: set execution.checkpointing.dir, or give "
        "the checkpoint's path");
  }
  result.accept_changed_job = configuration.get(options::kAcceptChangedJob);
  result.accept_abandoned_checkpoint = configuration.get(options::kAcceptAbandonedCheckpoint);
  result.ignore_unclaimed_state = configuration.get(options::kIgnoreUnclaimedState);

  result.heartbeat_interval = configuration.get(options::kHeartbeatInterval);
  result.heartbeat_timeout = configuration.get(options::kHeartbeatTimeout);
  if (result.heartbeat_timeout <= result.heartbeat_interval) {
    return failed_precondition(
        "heartbeat.timeout must be longer than heartbeat.interval: every peer would be given up at "
        "once");
  }
  result.cancellation_timeout = configuration.get(options::kCancellationTimeout);
  result.adaptive = configuration.get(options::kScheduler) == SchedulerType::kAdaptive;
  result.first_slot_wait = configuration.get(options::kFirstSlotWait);
  result.restart_slot_wait = configuration.get(options::kRestartSlotWait);

  result.worker.checkpoint_directory = result.job_directory;
  result.worker.heartbeat_timeout = result.heartbeat_timeout;
  result.worker.registration_timeout = configuration.get(options::kRegistrationTimeout);
  result.worker.inline_threshold = configuration.get(options::kDataInlineThreshold);
  if (configuration.get(options::kSnapshotCompression))
    result.worker.compression = StateCompression::kSnappy;
  result.worker.incremental = configuration.get(options::kIncrementalCheckpoints);
  result.worker.execution.tracks_changes = result.checkpoints_enabled && result.worker.incremental;
  result.worker.large_value = configuration.get(options::kLargeValueThreshold);
  // A slow write must not stop the others.
  result.worker.max_unfinished_writes = result.trigger.max_concurrent + 1;
  result.worker.ignore_unclaimed_state = result.ignore_unclaimed_state;
  ExecutionOptions& execution = result.worker.execution;
  execution.mode = configuration.get(options::kCheckpointMode);
  execution.batch_size = static_cast<size_t>(configuration.get(options::kBatchSize));
  execution.batch_bytes = static_cast<size_t>(configuration.get(options::kBatchBytes));
  execution.max_record_bytes = static_cast<size_t>(configuration.get(options::kMaxRecordBytes));
  execution.channel_capacity = static_cast<size_t>(configuration.get(options::kChannelCapacity));
  if (result.checkpoints_enabled) execution.copy_reserve = configuration.get(options::kCopyReserve);
  execution.buffer_timeout = configuration.get(options::kBufferTimeoutEnabled)
                                 ? configuration.get(options::kBufferTimeout)
                                 : Duration(-1);
  if (result.trigger.event_threshold > 0) {
    // Report often enough to meet the threshold within an eighth.
    execution.shard.progress_records = std::max<int64_t>(1, result.trigger.event_threshold / 8);
  }
  return result;
}

}  // namespace weir
