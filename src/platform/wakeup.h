#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace weir {

/// Lets one thread wait for a notification of another. A wake() that comes before the wait is not
/// lost.
class Wakeup {
 public:
  /// Thread: any.
  void wake();
  /// Thread: one.
  void wait(std::chrono::milliseconds at_most);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool woken_ = false;  ///< guarded by mutex_
};

}  // namespace weir
