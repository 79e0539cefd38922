#include "platform/real_scheduler.h"

#include <pthread.h>
#include <sched.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/log.h"
#include "platform/crash_report.h"
#include "weir/detail/base/check.h"

namespace weir {
namespace {

/// The thread of one actor.
/// Invariant: `state_` says how to wake the thread. kStepping: set kNotified; the thread checks for
/// it before it sleeps. kSleeping, set under mutex_ only: set kNotified and signal the condition
/// variable.
class ActorThread : public ActorHandle {
 public:
  ActorThread(const std::string& name, Actor& actor, ActorOptions options)
      : actor_(actor), thread_([this] { run(); }) {
    // The name for a debugger and top; the kernel keeps 15 characters.
    pthread_setname_np(thread_.native_handle(), name.substr(0, 15).c_str());
    if (options.cpu >= 0) pin(name, options.cpu);
  }

  ~ActorThread() override { stop(); }

  void stop() override {
    if (!thread_.joinable()) return;
    WEIR_CHECK(std::this_thread::get_id() != thread_.get_id());
    stop_.store(true, std::memory_order_relaxed);  // wake() publishes it
    wake();
    thread_.join();
  }

  void wake() override {
    // Always a read-modify-write: the thread that clears kNotified afterwards sees everything done
    // before this call.
    if (state_.exchange(State::kNotified, std::memory_order_acq_rel) == State::kSleeping) {
      std::lock_guard lock(mutex_);
      woken_.notify_one();
    }
  }

 private:
  enum class State : uint8_t { kStepping, kNotified, kSleeping };

  void pin(const std::string& name, int cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (cpu < CPU_SETSIZE) CPU_SET(cpu, &set);
    const int error = pthread_setaffinity_np(thread_.native_handle(), sizeof set, &set);
    if (error != 0) {
      WEIR_LOG(kWarning) << "cannot pin the thread of " << name << " to processor " << cpu
                         << "; it runs unpinned";
    }
  }

  void run() {
    const SignalStack stack;
    while (true) {
      state_.exchange(State::kStepping, std::memory_order_acq_rel);
      if (stop_.load(std::memory_order_relaxed)) return;
      const MonotonicTime next = actor_.step();
      if (next != Actor::kBusy) sleep_until(next);
    }
  }

  void sleep_until(MonotonicTime time) {
    std::unique_lock lock(mutex_);
    State expected = State::kStepping;
    if (!state_.compare_exchange_strong(expected, State::kSleeping, std::memory_order_acq_rel))
      return;
    const auto awake = [this] {
      return state_.load(std::memory_order_acquire) != State::kSleeping;
    };
    if (time == Actor::kIdle) {
      woken_.wait(lock, awake);
    } else {
      woken_.wait_until(lock, std::chrono::steady_clock::time_point(time), awake);
    }
  }

  Actor& actor_;
  std::atomic<State> state_{State::kStepping};
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::condition_variable woken_;
  std::thread thread_;  // last: it uses the others from its start
};

}  // namespace

std::unique_ptr<ActorHandle> RealScheduler::start(std::string name, Actor& actor,
                                                  ActorOptions options) {
  return std::make_unique<ActorThread>(name, actor, options);
}

}  // namespace weir
