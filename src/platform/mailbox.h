#pragma once

#include <functional>
#include <mutex>
#include <utility>
#include <vector>

namespace weir {

/// What others have to say to an actor: many producers, one consumer, in order of arrival. Not
/// bounded: for control messages and completions, whose number others bound; records go through
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
    // Messages that were there already have been announced, and are not yet taken.
    if (messages_.size() == 1 && wake_) wake_();
  }

  /// Puts all messages into `out`, replacing what was there; false if there are none. Reuse `out`:
  /// its memory is kept.
  bool take(std::vector<T>& out) {
    out.clear();
    std::lock_guard lock(mutex_);
    messages_.swap(out);
    return !out.empty();
  }

  /// How the consumer learns of messages: ActorHandle::wake. Called at once if there are any. Null
  /// before the handle is destroyed: when set_wake() has returned, the function before it is not
  /// running and never called again. `wake` must not use the mailbox.
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
