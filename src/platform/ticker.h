#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>

#include "platform/wakeup.h"

namespace weir {

/// A thread that calls a function again and again, for duties that a blocked caller must not delay.
class Ticker {
 public:
  /// Calls `tick` first after `period`.
  Ticker(std::chrono::milliseconds period, std::function<void()> tick);
  /// Waits for a call that is in progress.
  ~Ticker();
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;

 private:
  const std::chrono::milliseconds period_;
  const std::function<void()> tick_;
  Wakeup wakeup_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace weir
