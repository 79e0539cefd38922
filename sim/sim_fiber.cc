#include "sim_fiber.h"

#include <cxxabi.h>
#include <pthread.h>
#include <sys/mman.h>

#include <cerrno>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include "weir/detail/check.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#endif

namespace weir::sim {
namespace {

constexpr size_t kStackBytes = 1 << 20;
constexpr size_t kGuardBytes = 4096;

/// Which fiber runs is a matter of the thread, as its stack is.
SimFiber* g_current = nullptr;

}  // namespace

/// Memory that is used again: the system gives what is touched only.
struct SimFiber::Stack {
  static std::vector<std::unique_ptr<Stack>>& unused() {
    static std::vector<std::unique_ptr<Stack>> stacks;
    return stacks;
  }
  static std::unique_ptr<Stack> take() {
    if (unused().empty()) return std::make_unique<Stack>();
    auto stack = std::move(unused().back());
    unused().pop_back();
    return stack;
  }
  Stack() : begin(static_cast<char*>(mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0))) {
    WEIR_CHECK(begin != MAP_FAILED);
    WEIR_CHECK(mprotect(begin, kGuardBytes, PROT_NONE) == 0);
  }
  ~Stack() { munmap(begin, kStackBytes); }
  char* const begin;
};

SimFiber::SimFiber(std::function<void()> work, std::function<void()> wait)
    : work_(std::move(work)), wait_(std::move(wait)), stack_(Stack::take()) {
  WEIR_CHECK(getcontext(&inside_) == 0);
  inside_.uc_stack.ss_sp = stack_->begin + kGuardBytes;
  inside_.uc_stack.ss_size = kStackBytes - kGuardBytes;
  const auto self = reinterpret_cast<uintptr_t>(this);
  makecontext(&inside_, reinterpret_cast<void (*)()>(&SimFiber::enter), 2, static_cast<unsigned>(self >> 32), static_cast<unsigned>(self));
#ifdef __SANITIZE_THREAD__
  thread_inside_ = __tsan_create_fiber(0);
#endif
}

SimFiber::~SimFiber() {
  WEIR_CHECK(done_);
#ifdef __SANITIZE_THREAD__
  __tsan_destroy_fiber(thread_inside_);
#endif
  Stack::unused().push_back(std::move(stack_));
}

SimFiber* SimFiber::current() { return g_current; }

void SimFiber::enter(unsigned high, unsigned low) {
  reinterpret_cast<SimFiber*>((static_cast<uintptr_t>(high) << 32) | low)->run();
}

void SimFiber::run() {
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_finish_switch_fiber(nullptr, &outer_stack_, &outer_size_);
#endif
  work_();
  work_ = nullptr;
  done_ = true;
  rest();
}

void SimFiber::resume() {
  WEIR_CHECK(!done_ && g_current != this);
  resumed_by_ = std::exchange(g_current, this);
#ifdef __SANITIZE_THREAD__
  thread_outside_ = __tsan_get_current_fiber();
#endif
  switch_to(outside_, inside_, true);
}

void SimFiber::rest() {
  WEIR_CHECK(g_current == this);
  g_current = resumed_by_;
  switch_to(inside_, outside_, false);
}

void SimFiber::switch_to(ucontext_t& from, ucontext_t& to, bool inwards) {
  // What the C++ runtime keeps of exceptions belongs to the stack, and not to the thread.
  std::swap(*reinterpret_cast<Exceptions*>(abi::__cxa_get_globals()), exceptions_);
#ifdef __SANITIZE_THREAD__
  __tsan_switch_to_fiber(inwards ? thread_inside_ : thread_outside_, 0);
#endif
#ifdef __SANITIZE_ADDRESS__
  void* fake = nullptr;
  __sanitizer_start_switch_fiber(done_ ? nullptr : &fake, inwards ? stack_->begin + kGuardBytes : outer_stack_,
                                 inwards ? kStackBytes - kGuardBytes : outer_size_);
#endif
  WEIR_CHECK(swapcontext(&from, &to) == 0);
#ifdef __SANITIZE_ADDRESS__
  // Back on this side: inside, where it was left from may have changed.
  __sanitizer_finish_switch_fiber(fake, inwards ? nullptr : &outer_stack_, inwards ? nullptr : &outer_size_);
#endif
  (void)inwards;
}

}  // namespace weir::sim

extern "C" {

/// In place of pthread_mutex_lock.
int __wrap_pthread_mutex_lock(pthread_mutex_t* mutex) {
  weir::sim::SimFiber* const fiber = weir::sim::SimFiber::current();
  int result = pthread_mutex_trylock(mutex);
  while (result == EBUSY && fiber != nullptr) {
    fiber->wait();
    result = pthread_mutex_trylock(mutex);
  }
  // An actor that waits for a lock that blocking work holds while it rests: it would stand still as long as that.
  WEIR_CHECK(result != EBUSY);
  return result;
}

/// In place of std::condition_variable::wait(std::unique_lock<std::mutex>&).
void __wrap__ZNSt18condition_variable4waitERSt11unique_lockISt5mutexE(std::condition_variable*, std::unique_lock<std::mutex>* lock) {
  weir::sim::SimFiber* const fiber = weir::sim::SimFiber::current();
  WEIR_CHECK(fiber != nullptr);
  lock->unlock();
  fiber->wait();
  lock->lock();
}

}  // extern "C"
