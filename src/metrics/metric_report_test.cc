#include "metrics/metric_report.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TaskFigures task(int32_t vertex, int32_t subtask, int64_t records_in, int64_t busy_ms) {
  TaskFigures figures;
  figures.vertex = vertex;
  figures.subtask = subtask;
  figures.records_in = records_in;
  figures.busy_ms = busy_ms;
  return figures;
}

MetricReport report(int64_t at_ms, int64_t cpu_ms, std::vector<TaskFigures> tasks) {
  MetricReport report;
  report.at_ms = at_ms;
  report.process.cpu_ms = cpu_ms;
  report.tasks = std::move(tasks);
  return report;
}

TEST(ReportedMetrics, RatesAreBetweenTheLastTwoReportsOfAWorker) {
  ReportedMetrics metrics;
  metrics.take(1, report(1000, 0, {task(0, 1, 100, 0)}));
  metrics.take(0, report(77000, 500, {task(0, 0, 10, 50), task(1, 0, 7, 0)}));
  metrics.take(0, report(79000, 4500, {task(0, 0, 30, 1050), task(1, 0, 7, 0)}));
  const AttemptFigures figures = metrics.figures();
  ASSERT_EQ(figures.tasks.size(), 3u);
  EXPECT_EQ(figures.tasks[0].figures.subtask, 0);
  EXPECT_EQ(figures.tasks[0].rates.records_in, 10);
  EXPECT_EQ(figures.tasks[0].rates.busy_ms, 500);
  EXPECT_EQ(figures.tasks[1].figures.subtask, 1);
  EXPECT_EQ(figures.tasks[1].worker, 1);
  EXPECT_EQ(figures.tasks[1].rates, TaskRates{}) << "there is one report only";
  EXPECT_EQ(figures.tasks[2].figures.vertex, 1);
  EXPECT_EQ(figures.workers.at(0).cpu_load, 2);
  EXPECT_EQ(figures.workers.at(1).cpu_load, 0);
}

TEST(ReportedMetrics, ReportsInQuickSuccessionKeepTheBaseOfTheRate) {
  ReportedMetrics metrics;
  metrics.take(0, report(10000, 0, {task(0, 0, 0, 0)}));
  metrics.take(0, report(20000, 0, {task(0, 0, 100, 0)}));
  metrics.take(0, report(20001, 0, {task(0, 0, 101, 0)}));
  EXPECT_NEAR(metrics.figures().tasks[0].rates.records_in, 10, 0.1);
}

TEST(ReportedMetrics, AnAttemptBeginsWithoutFigures) {
  ReportedMetrics metrics;
  metrics.take(0, report(10000, 0, {task(0, 0, 5, 0)}));
  metrics.clear();
  EXPECT_TRUE(metrics.figures().tasks.empty());
  EXPECT_TRUE(metrics.figures().workers.empty());
}

TEST(ReportedMetrics, ContradictoryReportsGiveNoAbsurdRates) {
  ReportedMetrics metrics;
  metrics.take(0, report(20000, 0, {task(0, 0, 50, 90000)}));
  metrics.take(0, report(20000, 0, {task(0, 0, 60, 90000)}));
  EXPECT_EQ(metrics.figures().tasks[0].rates, TaskRates{});
  metrics.take(0, report(30000, 0, {task(0, 0, 10, 990000), task(1, 0, 3, 0)}));
  EXPECT_EQ(metrics.figures().tasks[0].rates.records_in, 0) << "a count that went back";
  EXPECT_EQ(metrics.figures().tasks[0].rates.busy_ms, 1000) << "more than all the time";
  EXPECT_EQ(metrics.figures().tasks[1].rates, TaskRates{})
      << "a task that was not in the report before";
}

}  // namespace
}  // namespace weir
