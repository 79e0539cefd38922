#pragma once

#include <chrono>
#include <deque>
#include <optional>

#include "config/options.h"
#include "platform/clock.h"

namespace weir {

/// The settings below `restart-strategy`. The defaults are Flink's, except for the initial
/// back-off.
struct RestartBackoffOptions {
  RestartStrategyType type = RestartStrategyType::kExponentialDelay;
  // fixed-delay
  int attempts = 1;
  std::chrono::milliseconds delay{1000};  ///< also used by failure-rate
  // failure-rate
  int max_failures_per_interval = 1;
  std::chrono::milliseconds failure_rate_interval{60000};
  // exponential-delay
  std::chrono::milliseconds initial_backoff{100};
  std::chrono::milliseconds max_backoff{60000};
  double backoff_multiplier = 1.5;
  double jitter_factor = 0.1;
  std::chrono::milliseconds reset_backoff_threshold{3600000};
  std::optional<int> attempts_before_reset = std::nullopt;  ///< unlimited if not set
};

/// Decides after a failure whether the job is restarted, and when. Pure: the caller passes in time
/// and random numbers.
class RestartBackoff {
 public:
  explicit RestartBackoff(RestartBackoffOptions options) : options_(options) {}

  /// The wait before the next start; nothing: the job has failed for good. `random` is uniform in
  /// [0, 1).
  std::optional<MonotonicTime> on_failure(MonotonicTime now, double random);
  /// "fixed-delay (3 attempts, 1000 ms)": for messages.
  const char* name() const;

 private:
  const RestartBackoffOptions options_;
  int failures_ = 0;
  std::deque<MonotonicTime> recent_;  ///< times of recent failures; failure-rate
  MonotonicTime backoff_{0};          ///< exponential-delay: the last delay, without jitter
  std::optional<MonotonicTime> last_failure_;
};

}  // namespace weir
