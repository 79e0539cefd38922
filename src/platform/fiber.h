#pragma once

#include <ucontext.h>

#include <csetjmp>
#include <cstddef>
#include <memory>
#include <vector>

namespace weir {

/// A stack for calls that can be suspended in their middle while the thread does other things. One
/// call at a time; when it has ended, the next one can use the stack. A call costs about 30 ns more
/// than without, and the memory that it touches. Thread: one at a time. A suspended call may be
/// resumed by another thread. A call that overflows the stack ends the process, as on a thread's
/// own stack.
class Fiber {
 public:
  explicit Fiber(size_t stack_bytes);
  /// Only when no call is suspended.
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  /// Begins `call(argument)`, which must not throw. Returns when the call has ended or is
  /// suspended.
  void start(void (*call)(void*), void* argument);
  /// Goes on with the suspended call. Returns as start() does.
  void resume();
  /// Within the call: returns to the caller of start() or resume(), and again when the call is
  /// resumed.
  void suspend();
  /// A call has begun and not ended.
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
  /// The C++ runtime's record of the side that does not run: which exceptions it handles.
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

/// Fibers that are used again. Thread: one at a time.
class FiberPool {
 public:
  explicit FiberPool(size_t stack_bytes = Fiber::thread_stack_bytes())
      : stack_bytes_(stack_bytes) {}

  std::unique_ptr<Fiber> take();
  /// One without a call.
  void recycle(std::unique_ptr<Fiber> fiber) { unused_.push_back(std::move(fiber)); }

 private:
  const size_t stack_bytes_;
  std::vector<std::unique_ptr<Fiber>> unused_;
};

}  // namespace weir
