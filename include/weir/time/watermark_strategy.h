#pragma once

#include <algorithm>
#include <chrono>
#include <concepts>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "weir/detail/base/saturating.h"
#include "weir/detail/stream/stream_graph.h"
#include "weir/detail/time/batch_watermarks.h"
#include "weir/detail/time/watermark_alignment.h"
#include "weir/operator/batch.h"
#include "weir/time/watermark_generator.h"

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
/// value type; each call returns a changed copy. The watermark is emitted every
/// pipeline.auto-watermark-interval. Each split of the source has a watermark of its own, and the
/// source's is their minimum. A bounded source ends with the maximum watermark.
///
///   for_bounded_out_of_orderness<Event>(5s).with_timestamp_assigner(&Event::time).with_idleness(1min)
template <class T>
class WatermarkStrategy {
 public:
  using Duration = std::chrono::milliseconds;

  WatermarkStrategy(NoWatermarks) {}  // NOLINT: implicit, so that no_watermarks() always fits

  static WatermarkStrategy no_watermarks() { return NoWatermarks(); }
  /// Timestamps never decrease within a split.
  static WatermarkStrategy for_monotonous_timestamps() {
    return for_bounded_out_of_orderness(Duration(0));
  }
  /// A record is at most `bound` older than the newest one before it in its split.
  static WatermarkStrategy for_bounded_out_of_orderness(Duration bound) {
    WatermarkStrategy strategy{NoWatermarks()};
    strategy.make_ = [ms = std::max<int64_t>(0, bound.count())] {
      return std::make_unique<detail::BoundedOutOfOrderness<T>>(ms);
    };
    if (bound.count() < 0)
      strategy.problem_ = "for_bounded_out_of_orderness() is given " +
                          std::to_string(bound.count()) +
                          " ms; records cannot be late by less than nothing";
    return strategy;
  }
  /// `supplier()` returns a std::unique_ptr to a WatermarkGenerator<T>, a new one for each split.
  template <class Supplier>
  static WatermarkStrategy for_generator(Supplier supplier) {
    static_assert(
        std::is_invocable_r_v<std::unique_ptr<WatermarkGenerator<T>>, const Supplier&>,
        "for_generator: the argument is a function without parameters, which is const and returns "
        "a std::unique_ptr to a weir::WatermarkGenerator of the source's records");
    WatermarkStrategy strategy{NoWatermarks()};
    if (detail::is_null_function(supplier)) {
      strategy.problem_ = "for_generator() is given a function that is null";
      return strategy;
    }
    strategy.make_ = [supplier = std::move(supplier)] {
      return std::make_unique<detail::CustomWatermarks<T>>(supplier());
    };
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

  /// A split without records for this time is idle: event time does not wait for it, until it has
  /// records again. If all splits of a subtask are idle, or it has none for this time, so is the
  /// subtask, and its consumers do not wait for it. Its records may then be late. Time in which the
  /// subtask cannot read, because its consumers are slower, does not count.
  WatermarkStrategy with_idleness(Duration timeout) const {
    WatermarkStrategy strategy = *this;
    strategy.idleness_ms_ = timeout.count();
    if (timeout.count() <= 0) {
      strategy.problem_ = "with_idleness() is given " + std::to_string(timeout.count()) +
                          " ms; a split cannot be idle before it has had time for a record";
    }
    return strategy;
  }

  /// Keeps the sources of a group close to each other in event time, for example those of a join:
  /// a split whose watermark is more than `max_drift` ahead of the slowest subtask of the group is
  /// not read until the others have caught up. They exchange their watermarks every
  /// `update_interval`. Idle subtasks do not count.
  WatermarkStrategy with_watermark_alignment(
      std::string group, Duration max_drift,
      Duration update_interval = std::chrono::seconds(1)) const {
    WatermarkStrategy strategy = *this;
    strategy.alignment_ = {std::move(group), max_drift.count(), update_interval.count()};
    return strategy;
  }

  std::string setup_problem() const {
    if (!problem_.empty() || !alignment_) return problem_;
    const std::string call = "with_watermark_alignment() ";
    if (make_ == nullptr)
      return call +
             "is used without watermarks: begin with for_bounded_out_of_orderness() or "
             "another strategy that makes them";
    if (alignment_->group.empty()) return call + "is given a group without a name";
    if (alignment_->max_drift_ms < 0)
      return call + "is given a drift of " + std::to_string(alignment_->max_drift_ms) +
             " ms; no source is ahead of itself by less than nothing";
    if (alignment_->update_interval_ms <= 0)
      return call + "is given an update interval of " +
             std::to_string(alignment_->update_interval_ms) + " ms; it must be positive";
    return "";
  }

  // For the source operator.
  bool assigns_timestamps() const { return assign_ != nullptr; }
  const std::optional<detail::WatermarkAlignment>& alignment() const { return alignment_; }
  /// False: the source emits neither watermarks nor a status.
  bool makes_event_time() const { return make_ != nullptr || idleness_ms_ > 0; }
  void assign(BatchOf<T>& batch) const {
    if (assign_) assign_(batch);
  }
  std::unique_ptr<detail::BatchWatermarks<T>> make_generator() const {
    return make_ ? make_() : std::make_unique<detail::NoWatermarkAtAll<T>>();
  }
  /// 0: splits are never idle.
  int64_t idleness_ms() const { return idleness_ms_; }

 private:
  std::function<void(BatchOf<T>&)>
      assign_;  // called once per batch, so that the assigner is inlined in the loop
  std::function<std::unique_ptr<detail::BatchWatermarks<T>>()> make_;  // null: no watermarks
  int64_t idleness_ms_ = 0;
  std::optional<detail::WatermarkAlignment> alignment_;
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

template <class T, class Supplier>
WatermarkStrategy<T> for_generator(Supplier supplier) {
  return WatermarkStrategy<T>::for_generator(std::move(supplier));
}

}  // namespace weir
