#pragma once

#include <functional>
#include <memory>

#include "platform/scheduler.h"

namespace weir {

/// Blocking work whose result is wanted a little later. The I/O pool does it if a thread is free by
/// then; else whoever waits does it itself. So work on the pool may wait for an deferred task: it
/// needs no second thread, and in the simulator's single one there is none. Thread: one, which may
/// not be that of an actor.
class DeferredTask {
 public:
  /// What `work` refers to outlives this.
  DeferredTask(Scheduler& scheduler, std::function<void()> work);
  /// Work that has begun is waited for; what has not never begins.
  ~DeferredTask();
  DeferredTask(const DeferredTask&) = delete;
  DeferredTask& operator=(const DeferredTask&) = delete;

  /// Until the work is done.
  void wait();

 private:
  struct Shared;
  const std::shared_ptr<Shared>
      shared_;  ///< with the pool, which may come to it after this is gone
};

}  // namespace weir
