#pragma once

#include "platform/platform.h"
#include "platform/real_clock.h"
#include "platform/real_random.h"
#include "platform/real_scheduler.h"
#include "platform/tcp_transport.h"

namespace weir {

/// The machine, the system's clock, threads and network: what a process of weir runs on outside
/// tests. `files` must outlive it; the actors started on it must be stopped before it is destroyed,
/// and their connections and listeners destroyed.
class RealPlatform {
 public:
  explicit RealPlatform(FileSystemRegistry& files, int io_threads = 4,
                        TransportSecurity security = {})
      : transport_(std::move(security)),
        scheduler_(io_threads),
        platform_{clock_, random_, scheduler_, transport_, files} {}
  RealPlatform(const RealPlatform&) = delete;
  RealPlatform& operator=(const RealPlatform&) = delete;

  Platform& get() { return platform_; }

 private:
  RealClock clock_;
  RealRandom random_;
  TcpTransport transport_;
  RealScheduler scheduler_;
  Platform platform_;
};

}  // namespace weir
