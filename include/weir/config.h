#pragma once

// Typed settings for running a job. Each can also be set by its configuration key.

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace weir {

enum class CheckpointingMode {
  kExactlyOnce,  ///< a task with several inputs blocks those that have already delivered the
                 ///< barrier
  kAtLeastOnce,  ///< inputs are not blocked; records may count twice after a restore
};

/// Whether a canceled job keeps its checkpoints. A finished or failed job always keeps them.
enum class CheckpointRetention {
  kRetainOnCancellation,
  kDeleteOnCancellation,
  kNoExternalizedCheckpoints,  ///< the same as kDeleteOnCancellation, except inside Flink
};

/// State is kept on the heap of the processes. Checkpoints go to a directory:
/// hdfs://namenode:port/path, file:///path or a plain path.
class FsStateBackend {
 public:
  explicit FsStateBackend(std::string checkpoint_dir)
      : checkpoint_dir_(std::move(checkpoint_dir)) {}
  const std::string& checkpoint_dir() const { return checkpoint_dir_; }

 private:
  std::string checkpoint_dir_;
};

/// What to do when a job fails, as a list of configuration settings.
class RestartStrategy {
 public:
  using Duration = std::chrono::milliseconds;
  using Settings = std::vector<std::pair<std::string, std::string>>;  ///< keys and values

  /// The job fails with its first failure.
  static RestartStrategy none() {
    return RestartStrategy(Settings{{"restart-strategy.type", "none"}});
  }
  /// Restarts at most `attempts` times, each time after `delay`.
  static RestartStrategy fixed_delay(int attempts, Duration delay) {
    return RestartStrategy(
        Settings{{"restart-strategy.type", "fixed-delay"},
                 {"restart-strategy.fixed-delay.attempts", std::to_string(attempts)},
                 {"restart-strategy.fixed-delay.delay", text(delay)}});
  }
  /// Restarts after `delay`, unless there were more than `max_failures_per_interval` failures
  /// within `interval`.
  static RestartStrategy failure_rate(int max_failures_per_interval, Duration interval,
                                      Duration delay) {
    return RestartStrategy({{"restart-strategy.type", "failure-rate"},
                            {"restart-strategy.failure-rate.max-failures-per-interval",
                             std::to_string(max_failures_per_interval)},
                            {"restart-strategy.failure-rate.failure-rate-interval", text(interval)},
                            {"restart-strategy.failure-rate.delay", text(delay)}});
  }
  /// Restarts after a backoff that grows with each failure from `initial_backoff` to `max_backoff`.
  static RestartStrategy exponential_delay(
      Duration initial_backoff = std::chrono::milliseconds(100),
      Duration max_backoff = std::chrono::minutes(1)) {
    return RestartStrategy(
        Settings{{"restart-strategy.type", "exponential-delay"},
                 {"restart-strategy.exponential-delay.initial-backoff", text(initial_backoff)},
                 {"restart-strategy.exponential-delay.max-backoff", text(max_backoff)}});
  }

  const Settings& settings() const { return settings_; }

 private:
  explicit RestartStrategy(Settings settings) : settings_(std::move(settings)) {}
  static std::string text(Duration d) { return std::to_string(d.count()) + " ms"; }

  Settings settings_;
};

}  // namespace weir
