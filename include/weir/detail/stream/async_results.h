#pragma once

// The results of requests on their way from any thread to the operator.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "weir/detail/base/saturating.h"
#include "weir/operator/operator.h"

namespace weir::detail {

template <class Rep, class Period>
int64_t delay_ms(std::chrono::duration<Rep, Period> delay) {
  return saturating_cast<std::chrono::duration<int64_t, std::milli>>(delay).count();
}

/// Collects the completions of one operator's requests. Shared by the operator and the handles of
/// its requests, which may outlive it. Thread: any, except where noted.
template <class Out>
class AsyncResults : public std::enable_shared_from_this<AsyncResults<Out>> {
 public:
  struct Completion {
    uint64_t request;
    uint32_t attempt;
    std::vector<Out> results;
    std::exception_ptr error;
  };

  /// `context` is used until close().
  explicit AsyncResults(OperatorContext& context) : context_(&context) {}

  void post(Completion completion) {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    posted_.push_back(std::move(completion));
    any_.store(true, std::memory_order_release);
  }
  /// Runs a call that may block. Thread: the operator's.
  void run_on_pool(uint64_t request, uint32_t attempt, std::function<std::vector<Out>()> call) {
    ++pool_calls_;
    context_->run_blocking([results = this->shared_from_this(), request, attempt,
                            call = std::move(call)]() -> std::function<void()> {
      Completion completion{request, attempt, {}, nullptr};
      try {
        completion.results = call();
      } catch (...) { completion.error = std::current_exception(); }
      results->post(std::move(completion));
      return [] {};  // wakes the operator
    });
  }

  // Thread: the operator's.

  /// Number of calls that were given to the pool. They wake the operator; others do not.
  int64_t pool_calls() const { return pool_calls_; }
  bool any() const { return any_.load(std::memory_order_acquire); }
  std::vector<Completion> take() {
    const std::lock_guard lock(mutex_);
    any_.store(false, std::memory_order_relaxed);
    return std::exchange(posted_, {});
  }
  /// Drops all results, and those that are still to come.
  void close() {
    const auto dropped = take();
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }

 private:
  OperatorContext* const context_;
  int64_t pool_calls_ = 0;
  std::atomic<bool> any_{false};
  std::mutex mutex_;  // guards posted_ and closed_
  std::vector<Completion> posted_;
  bool closed_ = false;
};

}  // namespace weir::detail
