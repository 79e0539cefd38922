#pragma once

#include "platform/local_transport.h"
#include "platform/platform.h"
#include "platform/real_clock.h"
#include "platform/real_random.h"
#include "platform/real_scheduler.h"

namespace weir {

/// The machine, the system's clock and threads: what a process of weir runs on outside tests.
/// `files` must outlive it; the actors started on it must be stopped before it is destroyed.
class RealPlatform {
 public:
  explicit RealPlatform(FileSystemRegistry& files, int io_threads = 4)
      : scheduler_(io_threads), platform_{clock_, random_, scheduler_, transport_, files} {}
  RealPlatform(const RealPlatform&) = delete;
  RealPlatform& operator=(const RealPlatform&) = delete;

  Platform& get() { return platform_; }

 private:
  RealClock clock_;
  RealRandom random_;
  LocalTransport transport_;
  RealScheduler scheduler_;
  Platform platform_;
};

}  // namespace weir
