#pragma once

#include <chrono>

namespace weir {

/// Lets the main thread of a process wait for SIGINT and SIGTERM, and for a notification of its own. From construction on the two
/// signals end the process no longer: construct it before any thread is started, so that all inherit the mask. The second signal of
/// a process ends it at once.
/// Thread: wait() the constructing one; notify() any.
class ProcessSignals {
 public:
  ProcessSignals();
  ~ProcessSignals();
  ProcessSignals(const ProcessSignals&) = delete;
  ProcessSignals& operator=(const ProcessSignals&) = delete;

  enum class Event { kTimeout, kNotified, kTerminate };
  Event wait(std::chrono::milliseconds timeout);
  void notify();

 private:
  int signal_fd_ = -1;
  int event_fd_ = -1;
};

}  // namespace weir
