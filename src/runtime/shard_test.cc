#include "runtime/shard.h"

#include <gtest/gtest.h>

#include "runtime/testing/two_workers.h"

namespace weir::exchange_tests {
namespace {

TEST(Shard, ReportsItsLastRecordsEvenWithARareReportInterval) {
  Log log;
  const JobGraph graph = job(log, 500);
  World world;
  Worker worker(world, graph, 0);
  worker.options.shard.progress_interval = std::chrono::hours(1);
  worker.deploy();
  worker.execution->start(false);
  for (int i = 0; i < 50000 && worker.ended < kTasks; ++i) world.steps.step_all();
  int64_t records = 0;
  for (const auto& [shard, progress] : worker.progress) records += progress.source_records;
  EXPECT_EQ(records, kSubtasks * 500);
}

}  // namespace
}  // namespace weir::exchange_tests
