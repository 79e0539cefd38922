#pragma once

#include <ucontext.h>

#include <csetjmp>
#include <cstddef>
#include <memory>
#include <vector>

namespace weir {

/// A stack for calls that can be suspended in the middle while the thread does other things. It
/// holds one call at a time; when that has ended, the next one can use the stack. A call costs
/// about 30 ns more than a plain one, and the memory that it touches. Thread: one at a time.
/// Another thread may resume a suspended call. A call that overflows the stack ends the process, as
/// on a thread's own stack.
class Fiber {
 public:
  explicit Fiber(size_t stack_bytes);
  /// Only while no call is suspended.
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  /// Begins `call(argument)`, which must not throw. Returns when the call has ended or is
  /// suspended.
  void start(void (*call)(void*), void* argument);
  /// Continues the suspended call. Returns as start() does.
  void resume();
  /// Called within the call. Returns to the caller of start() or resume(); continues here when the
  /// call is resumed.
  void suspend();
  /// True from the beginning of a call to its end.
  bool busy() const { return call_ != nullptr; }

  /// As large as the stack of a new thread: `ulimit -s`, usually 8 MiB of address space.
  static size_t thread_stack_bytes();

 private:
  static void enter(unsigned high, unsigned low);
  [[noreturn]] void run_calls();
  void switch_stacks(bool inwards);

  const size_t bytes_;
  char* const memory_;
  void (*call_)(void*) = nullptr;
  void* argument_ = nullptr;
  bool entered_ = false;
  ucontext_t first_;
  jmp_buf inside_;
  jmp_buf outside_;
  /// The C++ runtime's exception state of the side that is not running.
  struct Exceptions {
    void* caught = nullptr;
    unsigned uncaught = 0;
  } exceptions_;
  // for the sanitizers
  const void* outer_stack_ = nullptr;
  size_t outer_bytes_ = 0;
  void* thread_inside_ = nullptr;
  void* thread_outside_ = nullptr;
};

/// A pool of reusable fibers. Thread: one at a time.
class FiberPool {
 public:
  explicit FiberPool(size_t stack_bytes = Fiber::thread_stack_bytes())
      : stack_bytes_(stack_bytes) {}

  std::unique_ptr<Fiber> take();
  /// `fiber` must have no call.
  void recycle(std::unique_ptr<Fiber> fiber) { unused_.push_back(std::move(fiber)); }

 private:
  const size_t stack_bytes_;
  std::vector<std::unique_ptr<Fiber>> unused_;
};

}  // namespace weir
