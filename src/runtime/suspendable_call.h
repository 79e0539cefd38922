#pragma once

#include <exception>
#include <memory>

#include "platform/fiber.h"

namespace weir {

/// Ends user code whose call was abandoned. Thrown where it emits. It is no std::exception, so that
/// error handlers do not catch it.
struct CallAbandoned {};

/// Runs calls into user code, one after another, each on its own stack: where it emits it can be
/// suspended until there is room. Thread: one at a time.
class SuspendableCall {
 public:
  /// `fibers` outlives it.
  explicit SuspendableCall(FiberPool& fibers) : fibers_(fibers) {}
  ~SuspendableCall() { abandon(); }
  SuspendableCall(const SuspendableCall&) = delete;
  SuspendableCall& operator=(const SuspendableCall&) = delete;

  /// Begins `call(argument)`, which must not throw. Returns when it has ended or was suspended.
  void run(void (*call)(void*), void* argument);
  /// Continues a suspended call. Returns as run() does.
  void resume();
  bool suspended() const { return fiber_ != nullptr && !running_; }
  /// True if this code runs within the call.
  bool running() const { return running_; }
  /// Ends a suspended call: throws CallAbandoned where it is suspended, and again at each wanted(),
  /// until the user code has returned.
  void abandon();

  // Within a call:

  /// True if the output of the call must be taken. Throws CallAbandoned if the call was abandoned,
  /// except in a destructor that emits while an exception is being thrown: there it returns false.
  bool wanted() const {
    if (!abandoned_) [[likely]]
      return true;
    if (std::uncaught_exceptions() == 0) throw CallAbandoned();
    return false;
  }
  /// Returns when the call is resumed or abandoned; then check wanted().
  void suspend();

 private:
  void after();

  FiberPool& fibers_;
  std::unique_ptr<Fiber> fiber_;  ///< non-null during a call
  bool running_ = false;
  bool abandoned_ = false;
};

}  // namespace weir
