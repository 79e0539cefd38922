#pragma once

#include <functional>
#include <memory>

#include "platform/scheduler.h"

namespace weir {

/// Blocking work whose result is needed soon. The I/O pool does it if a thread is free in time;
/// otherwise the waiting thread does it itself. So work on the pool may wait for a deferred task:
/// it needs no second thread, which the simulator does not have. Thread: one, not an actor's.
class DeferredTask {
 public:
  /// Objects that `work` refers to must outlive this.
  DeferredTask(Scheduler& scheduler, std::function<void()> work);
  /// Waits for work that has begun. Work that has not begun never does.
  ~DeferredTask();
  DeferredTask(const DeferredTask&) = delete;
  DeferredTask& operator=(const DeferredTask&) = delete;

  /// Blocks until the work is done.
  void wait();

 private:
  struct Shared;
  /// Shared with the pool, which may reach it after this is gone.
  const std::shared_ptr<Shared> shared_;
};

}  // namespace weir
