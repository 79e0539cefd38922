#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "platform/process_figures.h"
#include "weir/metrics.h"

namespace weir {

/// One metric of user code or of an operator, as read at one moment.
struct MetricValue {
  std::string name;
  MetricGroup::Kind kind = MetricGroup::Kind::kCounter;
  int64_t value = 0;  ///< of a histogram: the number of values
  std::optional<HistogramStatistics> histogram{};
  bool operator==(const MetricValue&) const = default;
};

/// The metrics of one operator of a task.
struct OperatorFigures {
  int32_t op = 0;  ///< index in the chain
  std::vector<MetricValue> values;
  bool operator==(const OperatorFigures&) const = default;
};

/// The figures of one task (one subtask of a vertex) since its attempt began. Times are in ms.
struct TaskFigures {
  int32_t vertex = 0;
  int32_t subtask = 0;
  int64_t records_in = 0;
  int64_t records_out = 0;
  int64_t bytes_in = 0;
  int64_t bytes_out = 0;
  int64_t batches_out = 0;
  int64_t input_watermark = 0;
  int64_t output_watermark = 0;
  int64_t idle_ms = 0;
  int64_t busy_ms = 0;
  int64_t back_pressured_ms = 0;
  std::vector<OperatorFigures> operators;
  // Batches and control elements in the queues of the input, and the room for them. A source has
  // none.
  int64_t queued = 0;
  int64_t queue_capacity = 0;
  bool operator==(const TaskFigures&) const = default;
};

/// Everything that a worker reports about its part of an attempt at one moment.
struct MetricReport {
  int64_t at_ms = 0;  ///< of the worker's monotonic clock; only differences mean anything
  ProcessFigures process;
  std::vector<TaskFigures> tasks;
  int64_t left_out = 0;  ///< metrics of operators that had no room
  bool operator==(const MetricReport&) const = default;
};

/// The most bytes that the operators' metrics of one report take, approximately.
inline constexpr size_t kMaxReportedBytes = 256 * 1024;
/// A longer name of a metric is cut.
inline constexpr size_t kMaxMetricName = 256;

/// What a task has done per second between two reports.
struct TaskRates {
  double records_in = 0;
  double records_out = 0;
  double bytes_in = 0;
  double bytes_out = 0;
  double idle_ms = 0;
  double busy_ms = 0;
  double back_pressured_ms = 0;
  bool operator==(const TaskRates&) const = default;
};
/// 0 if no time has passed. The shares of time are at most 1000 ms.
TaskRates rates_between(const TaskFigures& before, int64_t before_ms, const TaskFigures& now,
                        int64_t now_ms);

/// One task as the job master knows it.
struct TaskStatus {
  TaskFigures figures;
  TaskRates rates;
  int32_t worker = 0;  ///< its index in the attempt
};

/// One worker as the job master knows it.
struct WorkerFigures {
  ProcessFigures process;
  double cpu_load = 0;  ///< cores in use between the last two reports
};

/// The figures of all tasks and workers of an attempt, by the latest report of each worker.
struct AttemptFigures {
  std::vector<TaskStatus> tasks;             ///< by vertex, then by subtask
  std::map<int32_t, WorkerFigures> workers;  ///< by index
  int64_t left_out = 0;
};

/// Collects the reports of the workers of one attempt after another. Pure. Thread: its owner's.
class ReportedMetrics {
 public:
  /// A report of a worker with this index in the attempt.
  void take(int32_t worker, MetricReport report);
  /// A new attempt begins.
  void clear() { workers_.clear(); }
  AttemptFigures figures() const;

 private:
  struct Worker {
    MetricReport latest;
    MetricReport before;  ///< the one against which rates are computed
    bool has_before = false;
  };
  std::map<int32_t, Worker> workers_;
};

}  // namespace weir
