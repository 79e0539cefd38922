#include "metrics/metric_report.h"

#include <algorithm>
#include <utility>

namespace weir {

TaskRates rates_between(const TaskFigures& before, int64_t before_ms, const TaskFigures& now,
                        int64_t now_ms) {
  TaskRates rates;
  if (now_ms <= before_ms) return rates;
  const double seconds = static_cast<double>(now_ms - before_ms) / 1000;
  const auto rate = [&](int64_t TaskFigures::* figure) {
    return std::max(0.0, static_cast<double>(now.*figure - before.*figure) / seconds);
  };
  rates.records_in = rate(&TaskFigures::records_in);
  rates.records_out = rate(&TaskFigures::records_out);
  rates.bytes_in = rate(&TaskFigures::bytes_in);
  rates.bytes_out = rate(&TaskFigures::bytes_out);
  // A step that lasts longer than the time between two reports is counted when it ends.
  const auto share = [&](int64_t TaskFigures::* figure) { return std::min(1000.0, rate(figure)); };
  rates.idle_ms = share(&TaskFigures::idle_ms);
  rates.busy_ms = share(&TaskFigures::busy_ms);
  rates.back_pressured_ms = share(&TaskFigures::back_pressured_ms);
  return rates;
}

void ReportedMetrics::take(int32_t worker, MetricReport report) {
  Worker& known = workers_[worker];
  if (known.latest.at_ms != 0) {
    // Rates over less than half a second say little: then the report before stays the base.
    constexpr int64_t kMinMs = 500;
    if (!known.has_before || report.at_ms - known.latest.at_ms >= kMinMs)
      known.before = std::move(known.latest);
    known.has_before = true;
  }
  known.latest = std::move(report);
}

AttemptFigures ReportedMetrics::figures() const {
  AttemptFigures all;
  for (const auto& [index, worker] : workers_) {
    const int64_t now_ms = worker.latest.at_ms;
    const int64_t before_ms = worker.before.at_ms;
    WorkerFigures& of_worker = all.workers[index];
    of_worker.process = worker.latest.process;
    if (worker.has_before && now_ms > before_ms) {
      of_worker.cpu_load =
          static_cast<double>(worker.latest.process.cpu_ms - worker.before.process.cpu_ms) /
          static_cast<double>(now_ms - before_ms);
    }
    all.left_out += worker.latest.left_out;
    for (size_t i = 0; i < worker.latest.tasks.size(); ++i) {
      TaskStatus& status = all.tasks.emplace_back();
      status.figures = worker.latest.tasks[i];
      status.worker = index;
      // A worker reports its tasks in one order for the whole attempt.
      if (worker.has_before && i < worker.before.tasks.size())
        status.rates = rates_between(worker.before.tasks[i], before_ms, status.figures, now_ms);
    }
  }
  std::sort(all.tasks.begin(), all.tasks.end(), [](const TaskStatus& a, const TaskStatus& b) {
    return std::pair(a.figures.vertex, a.figures.subtask) <
           std::pair(b.figures.vertex, b.figures.subtask);
  });
  return all;
}

}  // namespace weir
