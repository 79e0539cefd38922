#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace weir {

/// The counter of records that an operator dropped because they came too late; Flink's name.
inline constexpr std::string_view kLateRecordsDropped = "numLateRecordsDropped";

/// Counts what happens in one subtask. Starts at 0 whenever the subtask does: what must survive
/// belongs into state.
class Counter {
 public:
  void inc(int64_t by = 1) { count_ += by; }
  void dec(int64_t by = 1) { count_ -= by; }
  int64_t count() const { return count_; }

 private:
  int64_t count_ = 0;
};

/// The newest value of something in one subtask.
class Gauge {
 public:
  void set(int64_t value) { value_ = value; }
  int64_t value() const { return value_; }

 private:
  int64_t value_ = 0;
};

/// The metrics of one operator in one subtask. Inside Flink they are among the operator's there, as
/// "operator.name". weir's own engine logs a line for each when a run of the job ends: the sum of a
/// counter over the subtasks of the process, the values of a gauge. Thread: the subtask's. A change
/// costs as much as that of an int64_t.
class MetricGroup {
 public:
  MetricGroup() = default;
  MetricGroup(const MetricGroup&) = delete;
  MetricGroup& operator=(const MetricGroup&) = delete;

  /// The one of that name, made by the first call. The reference is good as long as the subtask
  /// lives: ask in open(), and keep it. A name is a counter's or a gauge's: of both only what it
  /// was first is shown.
  Counter& counter(std::string_view name) { return find(name, true).counter; }
  Gauge& gauge(std::string_view name) { return find(name, false).gauge; }

  struct Metric {
    std::string name;
    bool is_counter = true;
    Counter counter{};
    Gauge gauge{};
    int64_t value() const { return is_counter ? counter.count() : gauge.value(); }
  };
  /// In the order in which they were made.
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
