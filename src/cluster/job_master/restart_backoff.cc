#include "cluster/job_master/restart_backoff.h"

#include <algorithm>

#include "weir/detail/base/saturating.h"

namespace weir {

const char* RestartBackoff::name() const {
  switch (options_.type) {
    case RestartStrategyType::kNone: return "none";
    case RestartStrategyType::kFixedDelay: return "fixed-delay";
    case RestartStrategyType::kFailureRate: return "failure-rate";
    case RestartStrategyType::kExponentialDelay: return "exponential-delay";
  }
  return "";
}

std::optional<MonotonicTime> RestartBackoff::on_failure(MonotonicTime now, double random) {
  ++failures_;
  switch (options_.type) {
    case RestartStrategyType::kNone: return std::nullopt;
    case RestartStrategyType::kFixedDelay:
      if (failures_ > options_.attempts) return std::nullopt;
      return options_.delay;
    case RestartStrategyType::kFailureRate: {
      recent_.push_back(now);
      while (!recent_.empty() && now - recent_.front() > options_.failure_rate_interval)
        recent_.pop_front();
      if (static_cast<int>(recent_.size()) > options_.max_failures_per_interval)
        return std::nullopt;
      return options_.delay;
    }
    case RestartStrategyType::kExponentialDelay: {
      // Reset after the job has run long enough without failure.
      if (last_failure_ && now - *last_failure_ > options_.reset_backoff_threshold + backoff_) {
        failures_ = 1;
        backoff_ = MonotonicTime(0);
      }
      last_failure_ = now;
      if (options_.attempts_before_reset && failures_ > *options_.attempts_before_reset)
        return std::nullopt;
      const auto grown =
          detail::saturating_cast<MonotonicTime>(backoff_ * options_.backoff_multiplier);
      backoff_ = backoff_.count() == 0 ? MonotonicTime(options_.initial_backoff)
                                       : std::min<MonotonicTime>(grown, options_.max_backoff);
      const double jitter = 1 + options_.jitter_factor * (2 * random - 1);
      return detail::saturating_cast<MonotonicTime>(backoff_ * jitter);
    }
  }
  return std::nullopt;
}

}  // namespace weir
