#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "flink/rest_client.h"
#include "platform/clock.h"

namespace weir {

/// Follows a job that runs in a Flink cluster, and says how it fares. A cluster that does not
/// answer is asked again for some minutes: its JobManager may be on its way to another machine.
/// Thread: the main one.
class JobWatch {
 public:
  /// Waits for so long at most; true when the user wants to leave.
  using Wait = std::function<bool(std::chrono::milliseconds)>;

  /// All outlive it. `progress`: a line when something has changed, and at least every ten seconds.
  JobWatch(Wait wait, const Clock& clock, const FlinkRest& rest, std::string job, bool progress,
           std::function<void(const std::string&)> report);

  /// Until its tasks have been made, or it has ended. False: it is not known.
  bool until_started();
  /// The exit code: 0 it has finished, 1 it failed or is not known there, 130 it was canceled
  /// there, or a signal ended the watching.
  int until_ended();

 private:
  enum class Next { kGoOn, kInterrupted, kLost };
  /// Waits a little and asks.
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
