#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace weir {

/// The counter of records that an operator dropped because they were late; Flink's name.
inline constexpr std::string_view kLateRecordsDropped = "numLateRecordsDropped";

/// Counts events in one subtask. Starts at 0 with each start of the subtask: keep values that must
/// survive in state.
class Counter {
 public:
  void inc(int64_t by = 1) { count_ += by; }
  void dec(int64_t by = 1) { count_ -= by; }
  int64_t count() const { return count_; }

 private:
  int64_t count_ = 0;
};

/// The latest value of a quantity in one subtask.
class Gauge {
 public:
  void set(int64_t value) { value_ = value; }
  int64_t value() const { return value_; }

 private:
  int64_t value_ = 0;
};

/// The metrics of one operator in one subtask. Inside Flink they are among the operator's metrics,
/// as "operator.name". When a run ends, weir's own engine logs a line for each: the sum of a
/// counter over the subtasks of the process, or the values of a gauge. A change costs as much as
/// that of an int64_t. Thread: the subtask's.
class MetricGroup {
 public:
  MetricGroup() = default;
  MetricGroup(const MetricGroup&) = delete;
  MetricGroup& operator=(const MetricGroup&) = delete;

  /// Returns the metric of that name; the first call makes it. The reference is valid as long as
  /// the subtask: get it in open() and keep it. A name is either a counter or a gauge. If both are
  /// used, only the first is shown.
  Counter& counter(std::string_view name) { return find(name, true).counter; }
  Gauge& gauge(std::string_view name) { return find(name, false).gauge; }

  struct Metric {
    std::string name;
    bool is_counter = true;
    Counter counter{};
    Gauge gauge{};
    int64_t value() const { return is_counter ? counter.count() : gauge.value(); }
  };
  /// The metrics in the order in which they were made.
  const std::deque<Metric>& metrics() const { return metrics_; }

 private:
  Metric& find(std::string_view name, bool counter) {
    for (Metric& metric : metrics_) {
      if (metric.name == name) return metric;
    }
    return metrics_.emplace_back(Metric{std::string(name), counter});
  }

  std::deque<Metric> metrics_;
};

}  // namespace weir
