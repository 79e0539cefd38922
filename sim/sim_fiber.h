#pragma once

#include <functional>
#include <memory>

#include "platform/fiber.h"

namespace weir::sim {

/// A piece of work with its own stack, which can pause in the middle while others run. All fibers
/// share one thread and only one runs at a time, so runs are deterministic.
///
/// The work may hold a std::mutex while it pauses. Other fibers then wait for it; an actor must
/// not. The linker redirects pthread_mutex_lock and std::condition_variable::wait to sim_fiber.cc
/// (see CMakeLists.txt).
class SimFiber {
 public:
  /// `work` begins with the first resume(). `wait` pauses the fiber for a moment. The fiber calls
  /// it when a lock is taken.
  SimFiber(std::function<void()> work, std::function<void()> wait);
  /// Requires done().
  ~SimFiber();
  SimFiber(const SimFiber&) = delete;
  SimFiber& operator=(const SimFiber&) = delete;

  /// Runs the fiber until it pauses or ends. Call from outside the fiber.
  void resume();
  /// Returns to the caller of resume(). Call from within the fiber.
  void rest();
  bool done() const { return fiber_ != nullptr && !fiber_->busy(); }

  /// The running fiber; null outside of fibers.
  static SimFiber* current();
  void wait() { wait_(); }

 private:
  static FiberPool& pool();

  std::function<void()> work_;
  const std::function<void()> wait_;
  std::unique_ptr<Fiber> fiber_;
  SimFiber* resumed_by_ = nullptr;
};

}  // namespace weir::sim
