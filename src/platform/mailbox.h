#pragma once

#include <functional>
#include <mutex>
#include <utility>
#include <vector>

namespace weir {

/// An actor's inbox: multiple producers, one consumer, in order of arrival. Unbounded, so only for
/// control messages and completions, whose number is bounded elsewhere; records go through
/// SpscQueue. Thread: post() any; take() and set_wake() the consumer's.
template <class T>
class Mailbox {
 public:
  Mailbox() = default;
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  void post(T message) {
    std::lock_guard lock(mutex_);
    messages_.push_back(std::move(message));
    // If there were messages already, the consumer has been woken and has not yet taken them.
    if (messages_.size() == 1 && wake_) wake_();
  }

  /// Moves all messages into `out`, replacing its content; false if there are none. Reuse `out` to
  /// keep its memory.
  bool take(std::vector<T>& out) {
    out.clear();
    std::lock_guard lock(mutex_);
    messages_.swap(out);
    return !out.empty();
  }

  /// Sets how to notify the consumer: ActorHandle::wake. Called at once if there are messages. Set
  /// it to null before the handle is destroyed: when set_wake() has returned, the previous function
  /// is not running and is never called again. `wake` must not use the mailbox.
  void set_wake(std::function<void()> wake) {
    std::lock_guard lock(mutex_);
    wake_ = std::move(wake);
    if (!messages_.empty() && wake_) wake_();
  }

 private:
  std::mutex mutex_;
  // guarded by mutex_
  std::vector<T> messages_;
  std::function<void()> wake_;
};

}  // namespace weir
