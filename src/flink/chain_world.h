#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string_view>

#include "fs/file_system_registry.h"
#include "platform/clock.h"

namespace weir {

/// The services of its process that the host of a chain needs. Thread: the host's, except wake().
class ChainWorld {
 public:
  virtual ~ChainWorld() = default;
  virtual const Clock& clock() const = 0;
  virtual FileSystemRegistry& files() = 0;
  /// Unique to this process, forever.
  virtual uint64_t nonce() = 0;
  /// As Scheduler::run_blocking().
  virtual void run_blocking(std::string_view executor, std::function<void()> work) = 0;
  /// Returns when wake() has been called since the last wait() returned, or after `at_most`.
  virtual void wait(std::chrono::milliseconds at_most) = 0;
  /// Thread: any.
  virtual void wake() = 0;
};

}  // namespace weir
