#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <type_traits>
#include <utility>

#include "platform/clock.h"
#include "weir/connector/file_system.h"

namespace weir {

struct CallCap {
  int most = 64;  ///< calls at a time
  /// A further call waits so long for one of them to end.
  std::chrono::milliseconds patience = std::chrono::seconds(30);
  std::function<MonotonicTime()> now;                    ///< empty: a further call fails at once
  std::function<void(std::chrono::milliseconds)> sleep;  ///< likewise
};

/// The calls on one file system that have not ended. Storage that hangs keeps the threads that call
/// it, and this is what bounds their number. Thread: any.
class CallSlots {
 public:
  /// `name`: of the file system, for messages.
  CallSlots(CallCap cap, std::string name) : cap_(std::move(cap)), name_(std::move(name)) {}

  /// Makes the call, when fewer than the most are under way. UNAVAILABLE: none of them has ended
  /// for long, and it was not made.
  template <class Call>
  std::invoke_result_t<Call&> run(Call call) {
    const Slot slot(*this);
    if (!slot.status.ok()) return slot.status;
    return call();
  }

 private:
  struct Slot {
    explicit Slot(CallSlots& slots) : slots(slots), status(slots.enter(&since)) {}
    ~Slot() {
      if (status.ok()) slots.leave(since);
    }
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;
    CallSlots& slots;
    MonotonicTime since{0};
    const Status status;
  };
  /// Waits for a slot, which began at `since`.
  Status enter(MonotonicTime* since);
  void leave(MonotonicTime since);
  bool try_enter(MonotonicTime now);

  const CallCap cap_;
  const std::string name_;
  std::mutex mutex_;
  std::multiset<MonotonicTime> under_way_;  ///< their beginnings; guarded by mutex_
};

/// `inner`, with a cap on the calls that are under way, those on its files included.
std::shared_ptr<FileSystem> capped(std::shared_ptr<FileSystem> inner, CallCap cap,
                                   std::string name);

}  // namespace weir
