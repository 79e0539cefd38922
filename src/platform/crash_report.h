#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace weir {

/// What a thread is running when it crashes.
class CrashSubject {
 public:
  /// "operator 'map' (uid 'm', subtask 0)". Called in a signal handler, on the thread that has
  /// crashed: reads memory and does nothing else.
  virtual const char* crash_label() const = 0;

 protected:
  ~CrashSubject() = default;
};

namespace detail {
/// Of this thread; null: none of which anybody knows.
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

/// A stack for signal handlers, so that a thread whose own stack is full can be reported. One for
/// each thread that runs user code, made there.
class SignalStack {
 public:
  SignalStack();
  ~SignalStack();
  SignalStack(const SignalStack&) = delete;
  SignalStack& operator=(const SignalStack&) = delete;

 private:
  void* memory_ = nullptr;  ///< null: the thread had one already, or there is no memory
};

/// From now on a signal that ends this process because of a mistake in it (SIGSEGV, SIGBUS, SIGFPE,
/// SIGILL, SIGABRT, and so an exception that nobody catches) leaves "weir: `what` was ended by
/// signal 11 (SIGSEGV), in operator …" and a back trace on standard error first. The signal ends
/// the process as it would have. A call of exit() in user code is reported too, and never ends the
/// process as a success. A signal that the program handles itself is left to it. `what` is kept by
/// address. The first call counts.
void report_crashes(const char* what);

/// Passes the reports of crashes in user code on before the process ends: on a thread of its own,
/// while the thread that has crashed waits.
class CrashMessenger {
 public:
  /// `send` gets the report. The process ends when told() is called, or after two seconds, for
  /// memory may be damaged.
  static std::unique_ptr<CrashMessenger> start(std::function<void(std::string report)> send);
  virtual ~CrashMessenger() = default;
  /// Thread: any.
  virtual void told() = 0;
};

/// The process is killed when the thread that started it ends.
void end_with_parent();

}  // namespace weir
