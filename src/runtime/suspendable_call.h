#pragma once

#include <exception>
#include <memory>

#include "platform/fiber.h"

namespace weir {

/// Ends user code whose call was abandoned: thrown where it emits. No std::exception, because no
/// handler of errors is meant.
struct CallAbandoned {};

/// Calls into user code, one after the other, each on a stack of its own: where it emits it can be
/// suspended until there is room. Thread: one at a time.
class SuspendableCall {
 public:
  /// `fibers` outlives it.
  explicit SuspendableCall(FiberPool& fibers) : fibers_(fibers) {}
  ~SuspendableCall() { abandon(); }
  SuspendableCall(const SuspendableCall&) = delete;
  SuspendableCall& operator=(const SuspendableCall&) = delete;

  /// Begins `call(argument)`, which must not throw. Returns when it has ended or is suspended.
  void run(void (*call)(void*), void* argument);
  /// Goes on with a suspended call. Returns as run() does.
  void resume();
  bool suspended() const { return fiber_ != nullptr && !running_; }
  /// This code runs in the call.
  bool running() const { return running_; }
  /// Ends a suspended call: CallAbandoned is thrown where it is suspended, and again at each
  /// wanted(), until the user code has returned.
  void abandon();

  // Within a call:

  /// What the call emits is to be taken. Throws CallAbandoned if the call was abandoned; in a
  /// destructor that emits while an exception is thrown it says false instead.
  bool wanted() const {
    if (!abandoned_) [[likely]]
      return true;
    if (std::uncaught_exceptions() == 0) throw CallAbandoned();
    return false;
  }
  /// Returns when the call is resumed, or abandoned: look at wanted() then.
  void suspend();

 private:
  void after();

  FiberPool& fibers_;
  std::unique_ptr<Fiber> fiber_;  ///< while there is a call
  bool running_ = false;
  bool abandoned_ = false;
};

}  // namespace weir
