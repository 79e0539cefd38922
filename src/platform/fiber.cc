// The checks of a fortified longjmp() assume a single stack.
#undef _FORTIFY_SOURCE

#include "platform/fiber.h"

#include <cxxabi.h>
#include <pthread.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include <cstdint>
#include <utility>

#include "weir/detail/base/check.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#endif

// setcontext() enters a stack once. From then on _longjmp() switches, as in QEMU's coroutines. It
// is ten times as fast as swapcontext(), which asks the kernel for the signal mask each time.

namespace weir {
namespace {

size_t page_bytes() { return static_cast<size_t>(sysconf(_SC_PAGESIZE)); }

/// Reserves address space. The system provides memory for the pages that are touched.
char* map_stack(size_t bytes) {
  void* const memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  WEIR_CHECK(memory != MAP_FAILED);
  WEIR_CHECK(mprotect(memory, page_bytes(), PROT_NONE) == 0);
  return static_cast<char*>(memory);
}

}  // namespace

size_t Fiber::thread_stack_bytes() {
  pthread_attr_t attributes;
  size_t bytes = 0;
  WEIR_CHECK(pthread_attr_init(&attributes) == 0);
  WEIR_CHECK(pthread_attr_getstacksize(&attributes, &bytes) == 0);
  pthread_attr_destroy(&attributes);
  return bytes;
}

Fiber::Fiber(size_t stack_bytes)
    : bytes_((stack_bytes + 2 * page_bytes() - 1) / page_bytes() * page_bytes()),
      memory_(map_stack(bytes_)) {
  WEIR_CHECK(getcontext(&first_) == 0);
  first_.uc_stack.ss_sp = memory_ + page_bytes();
  first_.uc_stack.ss_size = bytes_ - page_bytes();
  first_.uc_link = nullptr;
  const auto self = reinterpret_cast<uintptr_t>(this);
  makecontext(&first_, reinterpret_cast<void (*)()>(&Fiber::enter), 2,
              static_cast<unsigned>(self >> 32), static_cast<unsigned>(self));
#ifdef __SANITIZE_THREAD__
  thread_inside_ = __tsan_create_fiber(0);
#endif
}

Fiber::~Fiber() {
  WEIR_CHECK(!busy());
#ifdef __SANITIZE_THREAD__
  __tsan_destroy_fiber(thread_inside_);
#endif
  munmap(memory_, bytes_);
}

void Fiber::start(void (*call)(void*), void* argument) {
  WEIR_CHECK(!busy());
  call_ = call;
  argument_ = argument;
  switch_stacks(true);
}

void Fiber::resume() {
  WEIR_CHECK(busy());
  switch_stacks(true);
}

void Fiber::suspend() { switch_stacks(false); }

void Fiber::enter(unsigned high, unsigned low) {
  reinterpret_cast<Fiber*>((static_cast<uintptr_t>(high) << 32) | low)->run_calls();
}

void Fiber::run_calls() {
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_finish_switch_fiber(nullptr, &outer_stack_, &outer_bytes_);
#endif
  while (true) {
    call_(argument_);
    call_ = nullptr;
    switch_stacks(false);
  }
}

void Fiber::switch_stacks(bool inwards) {
  std::swap(*reinterpret_cast<Exceptions*>(abi::__cxa_get_globals()), exceptions_);
#ifdef __SANITIZE_THREAD__
  if (inwards) thread_outside_ = __tsan_get_current_fiber();
  __tsan_switch_to_fiber(inwards ? thread_inside_ : thread_outside_, 0);
#endif
#ifdef __SANITIZE_ADDRESS__
  void* fake = nullptr;
  __sanitizer_start_switch_fiber(&fake, inwards ? memory_ + page_bytes() : outer_stack_,
                                 inwards ? bytes_ - page_bytes() : outer_bytes_);
#endif
  if (_setjmp(inwards ? outside_ : inside_) == 0) {
    if (!std::exchange(entered_, true)) setcontext(&first_);
    _longjmp(inwards ? inside_ : outside_, 1);
  }
#ifdef __SANITIZE_ADDRESS__
  // Back on this side. Inside the fiber, the call may have been resumed from another stack than
  // before.
  __sanitizer_finish_switch_fiber(fake, inwards ? nullptr : &outer_stack_,
                                  inwards ? nullptr : &outer_bytes_);
#endif
}

std::unique_ptr<Fiber> FiberPool::take() {
  if (unused_.empty()) return std::make_unique<Fiber>(stack_bytes_);
  std::unique_ptr<Fiber> fiber = std::move(unused_.back());
  unused_.pop_back();
  return fiber;
}

}  // namespace weir
