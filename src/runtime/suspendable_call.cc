#include "runtime/suspendable_call.h"

#include "weir/detail/base/check.h"

namespace weir {

void SuspendableCall::run(void (*call)(void*), void* argument) {
  WEIR_CHECK(fiber_ == nullptr);
  fiber_ = fibers_.take();
  running_ = true;
  fiber_->start(call, argument);
  after();
}

void SuspendableCall::resume() {
  WEIR_CHECK(suspended());
  running_ = true;
  fiber_->resume();
  after();
}

void SuspendableCall::after() {
  running_ = false;
  if (!fiber_->busy()) fibers_.recycle(std::move(fiber_));
}

void SuspendableCall::suspend() {
  WEIR_CHECK(running_ && !abandoned_);
  fiber_->suspend();
}

void SuspendableCall::abandon() {
  if (!suspended()) return;
  abandoned_ = true;
  resume();
  WEIR_CHECK(!suspended());
}

}  // namespace weir
