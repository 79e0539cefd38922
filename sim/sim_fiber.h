#pragma once

#include <functional>
#include <memory>

#include "platform/fiber.h"

namespace weir::sim {

/// A piece of work with a stack of its own, which can rest in its middle while others run. All
/// fibers share one thread, and only one thing runs at a time, so nothing here is left to chance.
///
/// A lock of std::mutex that the work holds while it rests is waited for by other fibers, and by
/// nobody else: the linker leads pthread_mutex_lock and std::condition_variable::wait to
/// sim_fiber.cc (see CMakeLists.txt).
class SimFiber {
 public:
  /// `work` begins with the first resume(). `wait`: rests for a moment; called in the fiber when it
  /// comes to a lock that is taken.
  SimFiber(std::function<void()> work, std::function<void()> wait);
  /// Only when it is done.
  ~SimFiber();
  SimFiber(const SimFiber&) = delete;
  SimFiber& operator=(const SimFiber&) = delete;

  /// Runs it until it rests or ends. From outside.
  void resume();
  /// Back to who resumed it. From within.
  void rest();
  bool done() const { return fiber_ != nullptr && !fiber_->busy(); }

  /// The one that runs; null outside of all.
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
