#pragma once

#include "platform/io_pool.h"
#include "platform/scheduler.h"

namespace weir {

/// A thread per actor, which sleeps while the actor is idle, and an IoPool for what blocks. Times are those of RealClock.
/// Lifetime: every ActorHandle must be destroyed before the scheduler.
class RealScheduler : public Scheduler {
 public:
  explicit RealScheduler(int io_threads = 4) : io_pool_(io_threads) {}

  std::unique_ptr<ActorHandle> start(std::string name, Actor& actor, ActorOptions options) override;
  void run_blocking(std::function<void()> work) override { io_pool_.run(std::move(work)); }

 private:
  IoPool io_pool_;
};

}  // namespace weir
