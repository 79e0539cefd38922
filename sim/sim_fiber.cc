#include "sim_fiber.h"

#include <pthread.h>

#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "weir/detail/base/check.h"

namespace weir::sim {
namespace {

constexpr size_t kStackBytes = 1 << 20;

/// The running fiber. All fibers share one thread.
SimFiber* g_current = nullptr;

}  // namespace

FiberPool& SimFiber::pool() {
  static FiberPool fibers(kStackBytes);
  return fibers;
}

SimFiber::SimFiber(std::function<void()> work, std::function<void()> wait)
    : work_(std::move(work)), wait_(std::move(wait)) {}

SimFiber::~SimFiber() {
  WEIR_CHECK(done());
  pool().recycle(std::move(fiber_));
}

SimFiber* SimFiber::current() { return g_current; }

void SimFiber::resume() {
  WEIR_CHECK(!done() && g_current != this);
  resumed_by_ = std::exchange(g_current, this);
  if (fiber_ == nullptr) {
    fiber_ = pool().take();
    fiber_->start([](void* self) { std::exchange(static_cast<SimFiber*>(self)->work_, nullptr)(); },
                  this);
  } else {
    fiber_->resume();
  }
  g_current = resumed_by_;
}

void SimFiber::rest() {
  WEIR_CHECK(g_current == this);
  fiber_->suspend();
}

}  // namespace weir::sim

extern "C" {

/// Replaces pthread_mutex_lock.
int __wrap_pthread_mutex_lock(pthread_mutex_t* mutex) {
  weir::sim::SimFiber* const fiber = weir::sim::SimFiber::current();
  int result = pthread_mutex_trylock(mutex);
  while (result == EBUSY && fiber != nullptr) {
    fiber->wait();
    result = pthread_mutex_trylock(mutex);
  }
  // Here an actor waits for a lock that pausing blocking work holds. It would block as long as that
  // work pauses.
  WEIR_CHECK(result != EBUSY);
  return result;
}

/// Replaces std::condition_variable::wait(std::unique_lock<std::mutex>&).
void __wrap__ZNSt18condition_variable4waitERSt11unique_lockISt5mutexE(
    std::condition_variable*, std::unique_lock<std::mutex>* lock) {
  weir::sim::SimFiber* const fiber = weir::sim::SimFiber::current();
  WEIR_CHECK(fiber != nullptr);
  lock->unlock();
  fiber->wait();
  lock->lock();
}

}  // extern "C"
