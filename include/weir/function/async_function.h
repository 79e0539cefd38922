#pragma once

// Functions that ask other systems for each record, with many requests at the same time.

#include <chrono>
#include <cmath>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include "weir/detail/base/saturating.h"
#include "weir/detail/stream/async_results.h"
#include "weir/function/function_context.h"

namespace weir {

/// Takes the results of one request. A copyable handle. Only the first completion counts; later
/// ones are ignored, and so are those after the attempt of the job has ended. Thread: any.
template <class Out>
class ResultFuture {
 public:
  /// Any number of results, also none.
  void complete(std::vector<Out> results) const {
    results_->post({request_, attempt_, std::move(results), nullptr});
  }
  /// Fails the request: it is retried if there is a strategy that accepts the exception. Otherwise
  /// the job fails.
  void complete_exceptionally(std::exception_ptr error) const {
    if (error == nullptr)
      error = std::make_exception_ptr(
          std::logic_error("a request was completed with an exception that is null"));
    results_->post({request_, attempt_, {}, std::move(error)});
  }
  template <class Error>
  requires std::is_base_of_v<std::exception, Error>
  void complete_exceptionally(const Error& error) const {
    complete_exceptionally(std::make_exception_ptr(error));
  }

  /// Runs `call()`, which may block and returns the results, on a pool of threads, and completes
  /// the request with its results or its exception. Call it in async_invoke() or timeout() only.
  /// `call` runs on another thread: let it own copies of what it uses.
  void complete_on_pool(std::function<std::vector<Out>()> call) const {
    results_->run_on_pool(request_, attempt_, std::move(call));
  }

  /// For the operator.
  ResultFuture(std::shared_ptr<detail::AsyncResults<Out>> results, uint64_t request,
               uint32_t attempt)
      : results_(std::move(results)), request_(request), attempt_(attempt) {}

 private:
  std::shared_ptr<detail::AsyncResults<Out>> results_;
  uint64_t request_;
  uint32_t attempt_;
};

/// The error of a request that took too long.
class AsyncTimeout : public std::runtime_error {
 public:
  AsyncTimeout() : std::runtime_error("the request was not completed within its timeout") {}
};

/// Asks another system for each record, without waiting for the answer: see
/// weir/stream/async_data_stream.h. Copied for every subtask. May throw, which fails the task.
/// Thread: the subtask's.
template <class In, class Out>
class AsyncFunction {
 public:
  using Input = In;
  using Output = Out;
  using RuntimeContext = weir::RuntimeContext;

  virtual ~AsyncFunction() = default;
  /// Called before the first record.
  virtual void open(RuntimeContext& context) { (void)context; }
  /// Starts a request. Must not block. Completes `result` now or later, from any thread. A request
  /// may be started again after a failure of the job.
  virtual void async_invoke(const In& input, ResultFuture<Out> result) = 0;
  /// Called if `result` was not completed in time, once for each record. Completes it, by default
  /// with an AsyncTimeout, which fails the job.
  virtual void timeout(const In& input, ResultFuture<Out> result) {
    (void)input;
    result.complete_exceptionally(AsyncTimeout());
  }
  virtual void close() {}
};

/// When to repeat a request, and how often. The timeout of a request covers all its attempts. At
/// the end of the input, a request that waits for a retry is repeated at once, for the last time.
template <class Out>
class AsyncRetryStrategy {
 public:
  using Results = std::vector<Out>;

  /// No retries.
  AsyncRetryStrategy() = default;
  /// At most `max_retries` retries, each after the same delay.
  template <class Rep, class Period>
  static AsyncRetryStrategy fixed_delay(int max_retries, std::chrono::duration<Rep, Period> delay) {
    return AsyncRetryStrategy(max_retries, detail::delay_ms(delay), detail::delay_ms(delay), 1);
  }
  /// At most `max_retries` retries. The first comes after `initial`; each further delay is the
  /// previous one times `multiplier`, at most `max`.
  template <class R1, class P1, class R2, class P2>
  static AsyncRetryStrategy exponential_backoff(int max_retries,
                                                std::chrono::duration<R1, P1> initial,
                                                std::chrono::duration<R2, P2> max,
                                                double multiplier) {
    return AsyncRetryStrategy(max_retries, detail::delay_ms(initial), detail::delay_ms(max),
                              multiplier);
  }
  /// Repeats requests with results for which this is true.
  AsyncRetryStrategy if_result(std::function<bool(const Results&)> repeat) const {
    AsyncRetryStrategy with = *this;
    with.if_result_ = std::move(repeat);
    return with;
  }
  /// Repeats requests with exceptions for which this is true.
  AsyncRetryStrategy if_exception(std::function<bool(const std::exception_ptr&)> repeat) const {
    AsyncRetryStrategy with = *this;
    with.if_exception_ = std::move(repeat);
    return with;
  }
  /// Repeats requests with exceptions of this type.
  template <class Error>
  AsyncRetryStrategy if_exception_of() const {
    return if_exception([](const std::exception_ptr& error) {
      try {
        std::rethrow_exception(error);
      } catch (const Error&) { return true; } catch (...) {
        return false;
      }
    });
  }

  // For the operator.

  bool may_retry(int retries_so_far) const { return retries_so_far < max_retries_; }
  bool wants_retry(const Results& results, const std::exception_ptr& error) const {
    if (error != nullptr) return if_exception_ != nullptr && if_exception_(error);
    return if_result_ != nullptr && if_result_(results);
  }
  /// The delay before the retry with this number, from 0.
  int64_t delay_before(int retry) const {
    const double delay =
        static_cast<double>(initial_ms_) * std::pow(multiplier_, static_cast<double>(retry));
    return delay < static_cast<double>(max_ms_) ? static_cast<int64_t>(delay) : max_ms_;
  }
  /// Why the strategy makes no sense; empty if it does.
  std::string problem() const {
    if (max_retries_ < 0) return "the number of retries is negative";
    if (initial_ms_ < 0 || max_ms_ < 0) return "a delay between retries is negative";
    if (!(multiplier_ > 0)) return "the multiplier of the delays between retries is not positive";
    return "";
  }

 private:
  AsyncRetryStrategy(int max_retries, int64_t initial_ms, int64_t max_ms, double multiplier)
      : max_retries_(max_retries),
        initial_ms_(initial_ms),
        max_ms_(max_ms),
        multiplier_(multiplier) {}

  int max_retries_ = 0;
  int64_t initial_ms_ = 0;
  int64_t max_ms_ = 0;
  double multiplier_ = 1;
  std::function<bool(const Results&)> if_result_;
  std::function<bool(const std::exception_ptr&)> if_exception_;
};

}  // namespace weir
