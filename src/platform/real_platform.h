#pragma once

#include "platform/platform.h"
#include "platform/real_clock.h"
#include "platform/real_random.h"
#include "platform/real_scheduler.h"
#include "platform/tcp_transport.h"

namespace weir {

/// The real platform: the system's clock, threads and network. `files` must outlive it. Stop the
/// actors started on it, and destroy their connections and listeners, before destroying it.
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
