#pragma once

#include <algorithm>
#include <chrono>
#include <concepts>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>

#include "weir/detail/base/saturating.h"
#include "weir/detail/stream/stream_graph.h"
#include "weir/operator/batch.h"

namespace weir {

namespace detail {

template <class>
inline constexpr bool kIsEventTime = false;
template <class Clock, class Duration>
inline constexpr bool kIsEventTime<std::chrono::time_point<Clock, Duration>> = true;

/// Converts the result of a timestamp assigner to milliseconds since 1970. A time out of range
/// becomes the nearest Timestamp.
template <class V>
Timestamp as_timestamp(const V& value) {
  static_assert(std::integral<V> || kIsEventTime<V>,
                "a timestamp assigner must give milliseconds since 1970 as an integer, or a "
                "std::chrono::time_point");
  if constexpr (kIsEventTime<V>)
    return saturating_cast<std::chrono::milliseconds>(value.time_since_epoch()).count();
  else return std::in_range<Timestamp>(+value) ? static_cast<Timestamp>(value) : kMaxWatermark;
}

}  // namespace detail

/// Returned by no_watermarks(). Converts to a strategy for any record type.
struct NoWatermarks {};

/// Sets the timestamps of records, and when a source may promise "no older records will come". A
/// value type. The watermark is the maximum timestamp so far minus the allowed out-of-orderness,
/// and is emitted every pipeline.auto-watermark-interval. A bounded source ends with the maximum
/// watermark.
template <class T>
class WatermarkStrategy {
 public:
  using Duration = std::chrono::milliseconds;

  WatermarkStrategy(NoWatermarks) {}  // NOLINT: implicit, so that no_watermarks() always fits

  static WatermarkStrategy no_watermarks() { return NoWatermarks(); }
  /// Timestamps never decrease within a subtask.
  static WatermarkStrategy for_monotonous_timestamps() {
    return for_bounded_out_of_orderness(Duration(0));
  }
  /// A record is at most `bound` older than the newest one before it.
  static WatermarkStrategy for_bounded_out_of_orderness(Duration bound) {
    WatermarkStrategy strategy{NoWatermarks()};
    strategy.emits_watermarks_ = true;
    strategy.bound_ms_ = std::max<int64_t>(0, bound.count());
    if (bound.count() < 0)
      strategy.problem_ = "for_bounded_out_of_orderness() is given " +
                          std::to_string(bound.count()) +
                          " ms; records cannot be late by less than nothing";
    return strategy;
  }

  /// `assigner` is a pointer to member, or a function of the record and optionally of the source's
  /// timestamp (kNoTimestamp if none). It returns milliseconds since 1970 or a
  /// std::chrono::time_point. Without an assigner the source's timestamps are used.
  template <class Assigner>
  WatermarkStrategy with_timestamp_assigner(Assigner assigner) const {
    static_assert(std::is_invocable_v<Assigner&, const T&> ||
                      std::is_invocable_v<Assigner&, const T&, Timestamp>,
                  "a timestamp assigner is called with a record (const T&), and optionally with "
                  "the source's timestamp");
    WatermarkStrategy strategy = *this;
    if (detail::is_null_function(assigner))
      strategy.problem_ = "with_timestamp_assigner() is given a function that is null";
    strategy.assign_ = [assigner = std::move(assigner)](BatchOf<T>& batch) mutable {
      const size_t count = batch.records.size();
      if (batch.timestamps.size() != count) batch.timestamps.assign(count, kNoTimestamp);
      for (size_t i = 0; i < count; ++i) {
        const T& record = batch.records[i];
        if constexpr (std::is_invocable_v<Assigner&, const T&>) {
          batch.timestamps[i] = detail::as_timestamp(std::invoke(assigner, record));
        } else {
          batch.timestamps[i] =
              detail::as_timestamp(std::invoke(assigner, record, Timestamp(batch.timestamps[i])));
        }
      }
    };
    return strategy;
  }

  std::string setup_problem() const { return problem_; }

  // For the source operator.
  bool emits_watermarks() const { return emits_watermarks_; }
  void assign(BatchOf<T>& batch) const {
    if (assign_) assign_(batch);
  }
  /// Returns the watermark if `newest` is the maximum timestamp so far.
  Timestamp watermark_after(Timestamp newest) const {
    return detail::saturating_sub(detail::saturating_sub(newest, bound_ms_), 1);
  }

 private:
  std::function<void(BatchOf<T>&)>
      assign_;  // called once per batch, so that the assigner is inlined in the loop
  bool emits_watermarks_ = false;
  int64_t bound_ms_ = 0;
  std::string problem_;  // an error in the strategy's arguments
};

/// For jobs without event time. Event-time windows then fire only at the end of the input.
inline NoWatermarks no_watermarks() { return {}; }

template <class T>
WatermarkStrategy<T> for_monotonous_timestamps() {
  return WatermarkStrategy<T>::for_monotonous_timestamps();
}

template <class T>
WatermarkStrategy<T> for_bounded_out_of_orderness(std::chrono::milliseconds bound) {
  return WatermarkStrategy<T>::for_bounded_out_of_orderness(bound);
}

}  // namespace weir
