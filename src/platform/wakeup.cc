#include "platform/wakeup.h"

namespace weir {

void Wakeup::wake() {
  std::lock_guard lock(mutex_);
  woken_ = true;
  changed_.notify_one();
}

void Wakeup::wait(std::chrono::milliseconds at_most) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, at_most, [this] { return woken_; });
  woken_ = false;
}

}  // namespace weir
