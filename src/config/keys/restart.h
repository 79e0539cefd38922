#pragma once

#include "config/config_key.h"

namespace weir {

enum class RestartStrategyType { kNone, kFixedDelay, kFailureRate, kExponentialDelay };

namespace options {

inline constexpr Option<RestartStrategyType> kRestartStrategy{
    {"restart-strategy.type", ConfigType::kEnum, "",
     "When and how often a failed job is restarted; unset: exponential-delay with checkpoints, "
     "none without.",
     "restart-strategy",
     "none|off|disable,fixed-delay|fixeddelay,failure-rate|failurerate,exponential-delay|"
     "exponentialdelay"}};
inline constexpr Option<int64_t> kFixedDelayAttempts{
    {"restart-strategy.fixed-delay.attempts", ConfigType::kInt, "1",
     "Maximum number of restarts before the job fails.", "", "", 0}};
inline constexpr Option<Duration> kFixedDelayDelay{{"restart-strategy.fixed-delay.delay",
                                                    ConfigType::kDuration, "1 s",
                                                    "Time between a failure and the restart."}};
inline constexpr Option<int64_t> kFailureRateMaxFailures{
    {"restart-strategy.failure-rate.max-failures-per-interval", ConfigType::kInt, "1",
     "Maximum number of failures within the interval that cause a restart.", "", "", 0}};
inline constexpr Option<Duration> kFailureRateInterval{
    {"restart-strategy.failure-rate.failure-rate-interval", ConfigType::kDuration, "1 min",
     "The interval in which failures are counted.", "", "", 1}};
inline constexpr Option<Duration> kFailureRateDelay{{"restart-strategy.failure-rate.delay",
                                                     ConfigType::kDuration, "1 s",
                                                     "Time between a failure and the restart."}};
inline constexpr Option<Duration> kExponentialDelayInitialBackoff{
    {"restart-strategy.exponential-delay.initial-backoff", ConfigType::kDuration, "100 ms",
     "Time between the first failure and the restart. Flink's default is 1 s; a restart in weir "
     "takes some ten milliseconds.",
     "", "", 1}};
inline constexpr Option<Duration> kExponentialDelayMaxBackoff{
    {"restart-strategy.exponential-delay.max-backoff", ConfigType::kDuration, "1 min",
     "Maximum time between a failure and the restart.", "", "", 1}};
inline constexpr Option<double> kExponentialDelayMultiplier{
    {"restart-strategy.exponential-delay.backoff-multiplier", ConfigType::kDouble, "1.5",
     "Each further failure multiplies the backoff by this factor.", "", "", 1}};
inline constexpr Option<double> kExponentialDelayJitter{
    {"restart-strategy.exponential-delay.jitter-factor", ConfigType::kDouble, "0.1",
     "The backoff varies at random by this fraction.", "", "", 0, 1}};
inline constexpr Option<Duration> kExponentialDelayResetThreshold{
    {"restart-strategy.exponential-delay.reset-backoff-threshold", ConfigType::kDuration, "1 h",
     "After this time without a failure the backoff starts from its initial value again.", "", "",
     1}};
inline constexpr Option<int64_t> kExponentialDelayAttempts{
    {"restart-strategy.exponential-delay.attempts-before-reset-backoff", ConfigType::kInt, "",
     "Maximum number of restarts between two resets before the job fails; unset: unlimited.", "",
     "", 1}};
inline constexpr Option<Duration> kRestartSlotWait{
    {"weir.restart.slot-wait", ConfigType::kDuration, "2 s",
     "Time for which a restart waits for lost slots before the job continues on fewer."}};

}  // namespace options

/// What follows a failure.
inline constexpr const ConfigKey* kRestartsKeys[] = {
    &options::kRestartStrategy,
    &options::kFixedDelayAttempts,
    &options::kFixedDelayDelay,
    &options::kFailureRateMaxFailures,
    &options::kFailureRateInterval,
    &options::kFailureRateDelay,
    &options::kExponentialDelayInitialBackoff,
    &options::kExponentialDelayMaxBackoff,
    &options::kExponentialDelayMultiplier,
    &options::kExponentialDelayJitter,
    &options::kExponentialDelayResetThreshold,
    &options::kExponentialDelayAttempts,
    &options::kRestartSlotWait,
};

}  // namespace weir
