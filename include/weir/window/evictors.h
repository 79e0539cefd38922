#pragma once

// Evictors: which records of a window are dropped before or after its function is called. A window
// with an evictor keeps all its records, with their timestamps, also for reduce and aggregate.
//
// An evictor is a value. Its calls are const, and get the records in the order of their arrival:
//   template <class T>
//   void evict_before(std::vector<TimestampedRecord<T>>& records) const;
//   template <class T>
//   void evict_after(std::vector<TimestampedRecord<T>>& records) const;

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "weir/detail/base/saturating.h"
#include "weir/detail/stream/stream_graph.h"
#include "weir/time/timestamp.h"
#include "weir/types/types.h"

namespace weir {

template <class T>
struct TimestampedRecord {
  T value{};
  Timestamp timestamp = kNoTimestamp;
};

template <class T>
struct Serializer<TimestampedRecord<T>> {
  static constexpr size_t kMinBytes = sizeof(Timestamp) + detail::min_bytes<T>();
  static void write(BinaryWriter& out, const TimestampedRecord<T>& record) {
    out.put_i64(record.timestamp);
    Serializer<T>::write(out, record.value);
  }
  static void read(BinaryReader& in, TimestampedRecord<T>& record) {
    record.timestamp = in.get_i64();
    Serializer<T>::read(in, record.value);
  }
  static TypeDescription describe() { return Serializer<std::pair<Timestamp, T>>::describe(); }
};

/// When an evictor works: before the window's function gets the records, or after it has returned.
enum class Evict { kBefore, kAfter };

namespace detail {

/// The calls of an evictor that works at one time only, by its `evict(records)`.
template <class Evictor>
class EvictOnce {
 public:
  explicit EvictOnce(Evict when) : when_(when) {}
  template <class T>
  void evict_before(std::vector<TimestampedRecord<T>>& records) const {
    if (when_ == Evict::kBefore) static_cast<const Evictor&>(*this).evict(records);
  }
  template <class T>
  void evict_after(std::vector<TimestampedRecord<T>>& records) const {
    if (when_ == Evict::kAfter) static_cast<const Evictor&>(*this).evict(records);
  }

 private:
  Evict when_;
};

}  // namespace detail

/// Keeps the last n records.
class CountEvictor : public detail::EvictOnce<CountEvictor> {
 public:
  /// execute() reports a negative number.
  static CountEvictor of(int64_t n, Evict when = Evict::kBefore) { return CountEvictor(n, when); }
  std::string setup_problem() const {
    return n_ >= 0 ? ""
                   : "an evictor cannot keep " + std::to_string(n_) +
                         " records, which CountEvictor::of() is given";
  }

 private:
  friend class detail::EvictOnce<CountEvictor>;
  CountEvictor(int64_t n, Evict when) : EvictOnce(when), n_(n) {}
  template <class T>
  void evict(std::vector<TimestampedRecord<T>>& records) const {
    const auto keep = static_cast<size_t>(std::max<int64_t>(n_, 0));
    if (records.size() > keep)
      records.erase(records.begin(), records.end() - static_cast<ptrdiff_t>(keep));
  }
  int64_t n_;
};

/// Keeps the records that are less than a duration older than the newest. Keeps all if the first
/// has no timestamp.
class TimeEvictor : public detail::EvictOnce<TimeEvictor> {
 public:
  /// execute() reports a negative duration.
  static TimeEvictor of(std::chrono::milliseconds duration, Evict when = Evict::kBefore) {
    return TimeEvictor(duration.count(), when);
  }
  std::string setup_problem() const {
    return duration_ >= 0 ? ""
                          : "an evictor cannot keep the records of " + std::to_string(duration_) +
                                " ms, which TimeEvictor::of() is given";
  }

 private:
  friend class detail::EvictOnce<TimeEvictor>;
  TimeEvictor(Timestamp duration, Evict when) : EvictOnce(when), duration_(duration) {}
  template <class T>
  void evict(std::vector<TimestampedRecord<T>>& records) const {
    if (records.empty() || records.front().timestamp == kNoTimestamp) return;
    Timestamp newest = kNoTimestamp;
    for (const auto& record : records) newest = std::max(newest, record.timestamp);
    const Timestamp cut = detail::saturating_sub(newest, duration_);
    std::erase_if(records, [&](const auto& record) { return record.timestamp <= cut; });
  }
  Timestamp duration_;
};

/// Drops the records that differ from the last one by a threshold or more: `delta(record, last)` is
/// a number. Make it with delta_evictor().
template <class F>
class DeltaEvictor : public detail::EvictOnce<DeltaEvictor<F>> {
 public:
  DeltaEvictor(double threshold, F delta, Evict when)
      : detail::EvictOnce<DeltaEvictor>(when), threshold_(threshold), delta_(std::move(delta)) {}

  std::string setup_problem() const {
    return detail::is_null_function(delta_) ? "delta_evictor() is given a function that is null"
                                            : "";
  }

 private:
  friend class detail::EvictOnce<DeltaEvictor>;
  template <class T>
  void evict(std::vector<TimestampedRecord<T>>& records) const {
    static_assert(std::is_invocable_r_v<double, const F&, const T&, const T&>,
                  "delta_evictor: the function takes two const T& and returns a number");
    if (records.empty()) return;
    const T last = records.back().value;
    std::erase_if(records, [&](const auto& record) {
      return static_cast<double>(delta_(record.value, last)) >= threshold_;
    });
  }
  double threshold_;
  F delta_;
};
template <class F>
DeltaEvictor<F> delta_evictor(double threshold, F delta, Evict when = Evict::kBefore) {
  return {threshold, std::move(delta), when};
}

/// The requirements on an evictor of records of type T.
template <class E, class T>
concept WindowEvictor = requires(const E& evictor, std::vector<TimestampedRecord<T>>& records) {
  evictor.evict_before(records);
  evictor.evict_after(records);
};

}  // namespace weir
