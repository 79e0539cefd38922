#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace weir {

/// The code that a thread is running when it crashes.
class CrashSubject {
 public:
  /// "operator 'map' (uid 'm', subtask 0)". Called in a signal handler, on the thread that has
  /// crashed, so it may only read memory.
  virtual const char* crash_label() const = 0;

 protected:
  ~CrashSubject() = default;
};

namespace detail {
/// The current thread's subject; null: unknown.
inline constinit thread_local std::atomic<const CrashSubject*> crash_subject{nullptr};
}  // namespace detail

/// While it lives, a crash of this thread is reported with the subject's label. Costs two stores.
class CrashScope {
 public:
  explicit CrashScope(const CrashSubject& subject)
      : before_(detail::crash_subject.load(std::memory_order_relaxed)) {
    detail::crash_subject.store(&subject, std::memory_order_relaxed);
  }
  ~CrashScope() { detail::crash_subject.store(before_, std::memory_order_relaxed); }
  CrashScope(const CrashScope&) = delete;
  CrashScope& operator=(const CrashScope&) = delete;

 private:
  const CrashSubject* const before_;
};

/// A stack for signal handlers, so that a stack overflow can be reported. Each thread that runs
/// user code makes one for itself.
class SignalStack {
 public:
  SignalStack();
  ~SignalStack();
  SignalStack(const SignalStack&) = delete;
  SignalStack& operator=(const SignalStack&) = delete;

 private:
  void* memory_ = nullptr;  ///< null: the thread already had one, or there is no memory
};

/// Installs handlers for the signals of a crash (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, and so
/// for an uncaught exception). Before the signal ends the process as usual, they write "weir:
/// `what` was ended by signal 11 (SIGSEGV), in operator …" and a back trace to standard error. A
/// call of exit() in user code is reported too, and never ends the process as a success. Signals
/// that the program already handles are left alone. `what` is kept by address. Only the first call
/// counts.
void report_crashes(const char* what);

/// Forwards the reports of crashes in user code before the process ends. Runs on its own thread
/// while the crashed thread waits.
class CrashMessenger {
 public:
  /// `send` gets the report. The process ends when delivered() is called, or after two seconds:
  /// memory may be damaged, so `send` may never finish.
  static std::unique_ptr<CrashMessenger> start(std::function<void(std::string report)> send);
  virtual ~CrashMessenger() = default;
  /// Thread: any.
  virtual void delivered() = 0;
};

/// Makes the kernel kill this process when the thread that started it ends.
void end_with_parent();

}  // namespace weir
