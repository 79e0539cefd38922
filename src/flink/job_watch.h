#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "flink/rest_client.h"
#include "platform/clock.h"

namespace weir {

/// Follows a job in a Flink cluster and reports its progress. Keeps asking a cluster that does not
/// answer for some minutes, because its JobManager may be moving to another machine. Thread: the
/// main one.
class JobWatch {
 public:
  /// Waits at most this long; true when the user wants to leave.
  using Wait = std::function<bool(std::chrono::milliseconds)>;

  /// All outlive it. `progress`: report a line when something has changed, and at least every ten
  /// seconds.
  JobWatch(Wait wait, const Clock& clock, const FlinkRest& rest, std::string job, bool progress,
           std::function<void(const std::string&)> report);

  /// Returns when the job's tasks have been made, or it has ended. False: unknown.
  bool until_started();
  /// Returns the exit code: 0 the job has finished, 1 it failed or is unknown there, 130 it was
  /// canceled there, or a signal ended the watching.
  int until_ended();

 private:
  enum class Next { kGoOn, kInterrupted, kLost };
  /// Waits a little and asks the cluster.
  Next step(std::chrono::milliseconds pause);
  void show();

  const Wait wait_;
  const Clock& clock_;
  const FlinkRest& rest_;
  const std::string job_;
  const bool progress_;
  const std::function<void(const std::string&)> report_;
  FlinkJob seen_;
  FlinkCheckpoints checkpoints_;
  MonotonicTime answered_;
  MonotonicTime shown_{0};
  std::string shown_text_;
  bool silent_ = false;
};

}  // namespace weir
