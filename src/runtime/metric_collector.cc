#include "runtime/metric_collector.h"

namespace weir {
namespace {

/// Approximately what the value takes in a message.
size_t size_of(const MetricValue& value) {
  constexpr size_t kFixed = 24;
  return value.name.size() + kFixed + (value.histogram ? sizeof(HistogramStatistics) : 0);
}

MetricValue value_of(const MetricGroup::Metric& metric) {
  MetricValue value{metric.name.substr(0, kMaxMetricName), metric.kind, 0, {}};
  if (metric.kind == MetricGroup::Kind::kHistogram) {
    value.histogram = metric.histogram->statistics();
    value.value = value.histogram->count;
  } else {
    value.value = metric.value();
  }
  return value;
}

TaskFigures figures_of(const Task& task, MonotonicTime now) {
  const TaskMetrics& metrics = task.metrics();
  const TimeShares time = metrics.time.shares(now);
  TaskFigures figures;
  figures.vertex = task.vertex_index();
  figures.subtask = task.subtask();
  figures.records_in = metrics.records_in.count();
  figures.records_out = metrics.records_out.count();
  figures.bytes_in = metrics.bytes_in.count();
  figures.bytes_out = metrics.bytes_out.count();
  figures.batches_out = metrics.batches_out.count();
  figures.input_watermark = metrics.input_watermark.value();
  figures.output_watermark = metrics.output_watermark.value();
  figures.idle_ms = whole_ms(time.idle);
  figures.busy_ms = whole_ms(time.busy);
  figures.back_pressured_ms = whole_ms(time.back_pressured);
  const QueueFill queue = task.queued();
  figures.queued = queue.queued;
  figures.queue_capacity = queue.capacity;
  return figures;
}

}  // namespace

MetricReport collect_metrics(const JobExecution& execution, MonotonicTime now) {
  MetricReport report;
  report.at_ms = whole_ms(now);
  size_t room = kMaxReportedBytes;
  for (const auto& shard : execution.shards()) {
    for (const auto& task : shard->tasks()) {
      TaskFigures& figures = report.tasks.emplace_back(figures_of(*task, now));
      const OperatorChain& chain = task->chain();
      for (size_t i = 0; i < chain.size(); ++i) {
        OperatorFigures of_operator{static_cast<int32_t>(i), {}};
        chain.host(i).metrics().for_each([&](const MetricGroup::Metric& metric) {
          MetricValue value = value_of(metric);
          const size_t size = size_of(value);
          if (size > room) {
            ++report.left_out;
            return;
          }
          room -= size;
          of_operator.values.push_back(std::move(value));
        });
        if (!of_operator.values.empty()) figures.operators.push_back(std::move(of_operator));
      }
    }
  }
  return report;
}

}  // namespace weir
