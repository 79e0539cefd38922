#pragma once

#include <chrono>

namespace weir {

/// Lets the main thread of a process wait for signals, and for its own notification. From
/// construction on these signals do not end the process: construct it before any thread starts, so
/// that all inherit the mask.
///   SIGTERM, SIGINT   kLeave, once. The next one ends the process at once, even if the parent
///                     ignored that signal.
///   SIGUSR1           kCancel.
/// Thread: wait() the constructing one; notify() any.
class ProcessSignals {
 public:
  ProcessSignals();
  ~ProcessSignals();
  ProcessSignals(const ProcessSignals&) = delete;
  ProcessSignals& operator=(const ProcessSignals&) = delete;

  enum class Event { kTimeout, kNotified, kLeave, kCancel };
  Event wait(std::chrono::milliseconds timeout);
  void notify();

 private:
  int signal_fd_ = -1;
  int event_fd_ = -1;
};

}  // namespace weir
