#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

namespace weir {

/// The counter of records that an operator dropped because they were late; Flink's name.
inline constexpr std::string_view kLateRecordsDropped = "numLateRecordsDropped";

namespace detail {

/// A number that one thread changes and any thread reads. A change costs a plain store.
class SharedNumber {
 public:
  explicit SharedNumber(int64_t value = 0) : value_(value) {}
  int64_t get() const { return value_.load(std::memory_order_relaxed); }
  void set(int64_t value) { value_.store(value, std::memory_order_relaxed); }
  void add(int64_t by) { set(get() + by); }

 private:
  std::atomic<int64_t> value_;
};

}  // namespace detail

/// Counts events in one subtask. Starts at 0 with each start of the subtask: keep values that must
/// survive in state. Thread: changed by the subtask's, read by any.
class Counter {
 public:
  void inc(int64_t by = 1) { count_.add(by); }
  void dec(int64_t by = 1) { count_.add(-by); }
  int64_t count() const { return count_.get(); }

 private:
  detail::SharedNumber count_;
};

/// The latest value of a quantity in one subtask. Thread: changed by the subtask's, read by any.
class Gauge {
 public:
  explicit Gauge(int64_t value = 0) : value_(value) {}
  void set(int64_t value) { value_.set(value); }
  int64_t value() const { return value_.get(); }

 private:
  detail::SharedNumber value_;
};

/// Counts events whose rate matters. Whoever reads it twice computes the rate. Thread: changed by
/// the subtask's, read by any.
class Meter {
 public:
  void mark(int64_t events = 1) { count_.add(events); }
  int64_t count() const { return count_.get(); }

 private:
  detail::SharedNumber count_;
};

/// The counts of a histogram so far. All values are 0 if `count` is.
struct HistogramStatistics {
  int64_t count = 0;
  int64_t min = 0;
  int64_t max = 0;
  double mean = 0;
  double stddev = 0;
  double p50 = 0, p75 = 0, p95 = 0, p98 = 0, p99 = 0, p999 = 0;
  bool operator==(const HistogramStatistics&) const = default;
};

/// The distribution of a number since the subtask began, for example of delays. Quantiles are
/// exact to 3.2 %, minimum, maximum and mean are exact. Numbers below 0 count as 0 in the
/// quantiles. It takes 8 kB. Flink's histograms are over the last numbers only. Thread: changed by
/// the subtask's, read by any; a reader may miss the last numbers.
///
/// The buckets are those of HdrHistogram (github.com/HdrHistogram) with a precision of four bits:
/// every power of two is divided into 16 parts of equal width.
class Histogram {
 public:
  void update(int64_t value) {
    if (value < min_.get()) min_.set(value);
    if (value > max_.get()) max_.set(value);
    sum_.add(value);
    buckets_[bucket_of(value)].add(1);
  }

  int64_t count() const {
    int64_t count = 0;
    for (const detail::SharedNumber& bucket : buckets_) count += bucket.get();
    return count;
  }

  HistogramStatistics statistics() const {
    std::array<int64_t, kBuckets> counts;
    HistogramStatistics result;
    for (size_t i = 0; i < kBuckets; ++i) result.count += counts[i] = buckets_[i].get();
    if (result.count == 0) return result;
    result.min = min_.get();
    result.max = max_.get();
    result.mean = static_cast<double>(sum_.get()) / static_cast<double>(result.count);
    double squares = 0;
    for (size_t i = 0; i < kBuckets; ++i) {
      const double distance = middle_of(i) - result.mean;
      squares += static_cast<double>(counts[i]) * distance * distance;
    }
    result.stddev = std::sqrt(squares / static_cast<double>(result.count));
    const auto quantile = [&](double q) {
      const auto rank = static_cast<int64_t>(std::ceil(q * static_cast<double>(result.count)));
      int64_t seen = 0;
      for (size_t i = 0; i < kBuckets; ++i) {
        seen += counts[i];
        if (seen >= std::max<int64_t>(rank, 1))
          return std::clamp(middle_of(i), static_cast<double>(result.min),
                            static_cast<double>(result.max));
      }
      return static_cast<double>(result.max);
    };
    result.p50 = quantile(0.5);
    result.p75 = quantile(0.75);
    result.p95 = quantile(0.95);
    result.p98 = quantile(0.98);
    result.p99 = quantile(0.99);
    result.p999 = quantile(0.999);
    return result;
  }

 private:
  static constexpr int kBits = 4;
  static constexpr int64_t kParts = int64_t{1} << kBits;
  static constexpr size_t kBuckets = (63 - kBits + 1) * kParts;

  static size_t bucket_of(int64_t value) {
    if (value < kParts) return static_cast<size_t>(std::max<int64_t>(value, 0));
    const int shift = std::bit_width(static_cast<uint64_t>(value)) - 1 - kBits;
    return static_cast<size_t>((shift + 1) * kParts + ((value >> shift) & (kParts - 1)));
  }
  static double middle_of(size_t bucket) {
    const auto part = static_cast<int64_t>(bucket);
    if (part < kParts) return static_cast<double>(part);
    const int64_t shift = part / kParts - 1;
    return (static_cast<double>(kParts + part % kParts) + 0.5) *
               static_cast<double>(int64_t{1} << shift) -
           0.5;
  }

  detail::SharedNumber min_{INT64_MAX};
  detail::SharedNumber max_{INT64_MIN};
  detail::SharedNumber sum_;
  std::array<detail::SharedNumber, kBuckets> buckets_;
};

/// The metrics of one operator in one subtask. Inside Flink they are among the operator's metrics,
/// as "operator.name". With weir's own engine the coordinator collects them while the job runs, and
/// when a run ends, the log gets a line for each: the sum of a counter over the subtasks of the
/// process, or the values of a gauge. A change costs as much as that of an int64_t. Thread: the
/// subtask's; for_each(): any.
class MetricGroup {
 public:
  MetricGroup() = default;
  MetricGroup(const MetricGroup&) = delete;
  MetricGroup& operator=(const MetricGroup&) = delete;

  /// The one of that name, made by the first call. The reference is valid as long as the subtask
  /// lives: ask in open(), and keep it. A name has one kind: what it was first. If it is asked for
  /// as another kind, the result works but is not shown.
  Counter& counter(std::string_view name) { return find(name, Kind::kCounter).counter; }
  Gauge& gauge(std::string_view name) { return find(name, Kind::kGauge).gauge; }
  Meter& meter(std::string_view name) { return find(name, Kind::kMeter).meter; }
  Histogram& histogram(std::string_view name) {
    Metric& metric = find(name, Kind::kHistogram);
    if (!metric.histogram) metric.histogram = std::make_unique<Histogram>();
    return *metric.histogram;
  }

  enum class Kind : int8_t { kCounter, kGauge, kMeter, kHistogram };
  struct Metric {
    Metric(std::string_view name, Kind kind) : name(name), kind(kind) {
      if (kind == Kind::kHistogram) histogram = std::make_unique<Histogram>();
    }
    const std::string name;
    const Kind kind;
    Counter counter;
    Gauge gauge;
    Meter meter;
    std::unique_ptr<Histogram> histogram;  ///< of that kind: never null
    /// The number of values of a histogram.
    int64_t value() const {
      switch (kind) {
        case Kind::kCounter: return counter.count();
        case Kind::kGauge: return gauge.value();
        case Kind::kMeter: return meter.count();
        case Kind::kHistogram: return histogram->count();
      }
      return 0;
    }

   private:
    friend class MetricGroup;
    std::atomic<const Metric*> next_{nullptr};
  };
  /// Calls `f` with each metric, in the order in which they were made. Thread: any.
  template <class F>
  void for_each(F&& f) const {
    const Metric* metric = first_.load(std::memory_order_acquire);
    for (; metric != nullptr; metric = metric->next_.load(std::memory_order_acquire)) f(*metric);
  }

 private:
  Metric& find(std::string_view name, Kind kind) {
    for (Metric& metric : metrics_) {
      if (metric.name == name) return metric;
    }
    std::atomic<const Metric*>& link = metrics_.empty() ? first_ : metrics_.back().next_;
    Metric& made = metrics_.emplace_back(name, kind);
    link.store(&made, std::memory_order_release);
    return made;
  }

  std::deque<Metric> metrics_;
  std::atomic<const Metric*> first_{nullptr};
};

}  // namespace weir
