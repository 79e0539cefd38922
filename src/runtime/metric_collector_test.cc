#include "runtime/metric_collector.h"

#include <gtest/gtest.h>

#include "runtime/testing/two_workers.h"

namespace weir::exchange_tests {
namespace {

TEST(MetricCollector, ReadsTheFiguresOfEveryTaskWhileTheJobRuns) {
  Log log;
  const JobGraph graph = job(log, 500);
  World world;
  Worker worker(world, graph, 0);
  worker.deploy();
  worker.execution->start(false);
  for (int i = 0; i < 50000 && worker.ended < kTasks; ++i) world.steps.step_all();
  const MetricReport report = collect_metrics(*worker.execution, world.steps.now());
  ASSERT_EQ(report.tasks.size(), static_cast<size_t>(kTasks));
  int64_t sent = 0;
  int64_t received = 0;
  int64_t bytes_out = 0;
  int64_t bytes_in = 0;
  for (const TaskFigures& task : report.tasks) {
    if (graph.vertices[static_cast<size_t>(task.vertex)].is_source) {
      sent += task.records_out;
      EXPECT_EQ(task.records_in, 0);
    } else {
      received += task.records_in;
    }
    bytes_out += task.bytes_out;
    bytes_in += task.bytes_in;
    EXPECT_EQ(task.output_watermark, kMaxWatermark);
  }
  EXPECT_EQ(sent, kSubtasks * 500);
  EXPECT_EQ(received, sent + static_cast<int64_t>(log.results.size()));
  EXPECT_GE(bytes_out, sent * 8);
  EXPECT_EQ(bytes_in, bytes_out);
  EXPECT_EQ(report.at_ms, whole_ms(world.steps.now()));
  EXPECT_EQ(report.left_out, 0);
}

}  // namespace
}  // namespace weir::exchange_tests
