#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace weir {

/// Lets one thread wait until another has something for it. A wake() that comes before the wait is not lost.
class Wakeup {
 public:
  /// Thread: any.
  void wake() {
    std::lock_guard lock(mutex_);
    woken_ = true;
    changed_.notify_one();
  }
  /// Thread: one.
  void wait(std::chrono::milliseconds at_most) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, at_most, [this] { return woken_; });
    woken_ = false;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool woken_ = false;  ///< guarded by mutex_
};

}  // namespace weir
