#pragma once

#include "platform/io_pool.h"
#include "platform/scheduler.h"

namespace weir {

/// A thread per actor, which sleeps while the actor is idle, and IoPools for blocking work. Uses
/// the time of RealClock. Lifetime: destroy every ActorHandle before the scheduler.
class RealScheduler : public Scheduler {
 public:
  /// `io_threads` is the number per executor.
  explicit RealScheduler(int io_threads = 4) : io_pools_(io_threads) {}

  std::unique_ptr<ActorHandle> start(std::string name, Actor& actor, ActorOptions options) override;
  void run_blocking(std::string_view executor, std::function<void()> work) override {
    io_pools_.run(executor, std::move(work));
  }

 private:
  IoPools io_pools_;
};

}  // namespace weir
