#pragma once

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "weir/detail/stream/async_operator.h"
#include "weir/stream/data_stream.h"

namespace weir {

namespace detail {

template <class T, class Fn, class Rep, class Period>
SingleOutputStreamOperator<typename Fn::Output> async_wait(
    const DataStream<T>& stream, Fn function, bool ordered,
    std::chrono::duration<Rep, Period> timeout, int64_t capacity,
    AsyncRetryStrategy<typename Fn::Output> retry) {
  static_assert(std::is_base_of_v<AsyncFunction<T, typename Fn::Output>, Fn>,
                "async_data: the function must be a weir::AsyncFunction of the stream's type of "
                "records");
  require_serializable<T>();
  constexpr const char* kName = "async wait operator";
  const auto refuse = [&](const std::string& why) { stream.report_problem(kName + (": " + why)); };
  if (timeout < timeout.zero()) refuse("its timeout is negative; 0 means none");
  if (capacity < 1)
    refuse("its capacity is " + std::to_string(capacity) + "; it must be 1 or more");
  if (const std::string problem = retry.problem(); !problem.empty()) refuse(problem);
  AsyncSettings<typename Fn::Output> settings{ordered, delay_ms(timeout),
                                              static_cast<size_t>(std::max<int64_t>(capacity, 1)),
                                              std::move(retry)};
  if (settings.timeout_ms == 0 && timeout > timeout.zero()) settings.timeout_ms = 1;
  return stream.template transform<typename Fn::Output>(
      kName,
      [function = std::move(function), settings = std::move(settings)] {
        return std::make_unique<AsyncOperator<Fn>>(function, settings);
      },
      /*delays_event_time=*/true);
}

}  // namespace detail

/// Asks another system for each record of a stream. Each record starts a request (AsyncFunction);
/// at most `capacity` of them are in flight in a subtask, and more records wait. `timeout` covers
/// all attempts of a request; 0: none.
///
/// A checkpoint has the records whose results were not emitted, and a restore repeats their
/// requests. A watermark follows the results of all records before it, and goes ahead of all
/// others; requests behind it are started meanwhile. Begins a new chain.
namespace async_data {

inline constexpr int64_t kDefaultCapacity = 100;

/// Emits results as soon as they are there. They may overtake each other, but not watermarks.
template <class T, class Fn, class Rep, class Period>
auto unordered_wait(const DataStream<T>& stream, Fn function,
                    std::chrono::duration<Rep, Period> timeout,
                    int64_t capacity = kDefaultCapacity) {
  return detail::async_wait(stream, std::move(function), false, timeout, capacity, {});
}
/// Emits results in the order of the records.
template <class T, class Fn, class Rep, class Period>
auto ordered_wait(const DataStream<T>& stream, Fn function,
                  std::chrono::duration<Rep, Period> timeout, int64_t capacity = kDefaultCapacity) {
  return detail::async_wait(stream, std::move(function), true, timeout, capacity, {});
}
/// The same with retries.
template <class T, class Fn, class Rep, class Period>
auto unordered_wait_with_retry(const DataStream<T>& stream, Fn function,
                               std::chrono::duration<Rep, Period> timeout, int64_t capacity,
                               AsyncRetryStrategy<typename Fn::Output> retry) {
  return detail::async_wait(stream, std::move(function), false, timeout, capacity,
                            std::move(retry));
}
template <class T, class Fn, class Rep, class Period>
auto ordered_wait_with_retry(const DataStream<T>& stream, Fn function,
                             std::chrono::duration<Rep, Period> timeout, int64_t capacity,
                             AsyncRetryStrategy<typename Fn::Output> retry) {
  return detail::async_wait(stream, std::move(function), true, timeout, capacity, std::move(retry));
}

}  // namespace async_data
}  // namespace weir
