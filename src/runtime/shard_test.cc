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

/// Emits a record at its second poll and is busy ever after.
class BusySource final : public SourceOperator {
 public:
  Status open(OperatorContext&) override { return {}; }
  PollResult poll(Output& out, EventTime*) override {
    if (++polls_ == 2) {
      Numbers batch;
      batch.add(polls_);
      out.emit(batch);
    }
    return {PollResult::Status::kMore};
  }
  Status snapshot(SnapshotContext&) override { return {}; }
  void add_splits(std::vector<std::string>) override {}
  int64_t records_emitted() const override { return polls_ > 1; }

 private:
  int64_t polls_ = 0;
};

TEST(Shard, BusyOneSendsABatchThatIsNotFullAfterTheBufferTimeout) {
  Log log;
  JobGraph graph = job(log);
  graph.vertices[0].chain[0].factory = [] { return std::make_unique<BusySource>(); };
  graph.vertices[1].chain[0].factory = [&log] { return std::make_unique<Collector>(log); };
  World world;
  Worker worker(world, graph, 0);
  worker.deploy();
  worker.execution->start(false);
  for (int ms = 0; ms < 60; ++ms) world.steps.step_all();
  EXPECT_EQ(log.results.size(), 0u);
  for (int ms = 0; ms < 60; ++ms) world.steps.step_all();
  EXPECT_EQ(log.results.size(), static_cast<size_t>(kSubtasks));
}

}  // namespace
}  // namespace weir::exchange_tests
