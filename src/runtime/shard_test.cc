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

/// The number of records that have arrived after so many ms, in which the sources are always busy.
/// `of_job`, `of_operator`: buffer timeouts in ms.
size_t arrived_after(int ms, int64_t of_job, std::optional<int64_t> of_operator = {}) {
  Log log;
  JobGraph graph = job(log);
  graph.vertices[0].chain[0].factory = [] { return std::make_unique<BusySource>(); };
  graph.vertices[1].chain[0].factory = [&log] { return std::make_unique<Collector>(log); };
  for (JobEdge& edge : graph.edges) edge.buffer_timeout_ms = of_operator;
  World world;
  Worker worker(world, graph, 0);
  worker.options.buffer_timeout = std::chrono::milliseconds(of_job);
  worker.deploy();
  worker.execution->start(false);
  for (int step = 0; step < ms; ++step) world.steps.step_all();
  return log.results.size();
}
constexpr auto kAll = static_cast<size_t>(kSubtasks);

TEST(Shard, BusyOneSendsABatchThatIsNotFullAfterTheBufferTimeout) {
  EXPECT_EQ(arrived_after(60, 100), 0u);
  EXPECT_EQ(arrived_after(120, 100), kAll);
}

TEST(Shard, BufferTimeoutOfZeroSendsAtOnce) { EXPECT_EQ(arrived_after(6, 0), kAll); }

TEST(Shard, WithoutABufferTimeoutABusyOneKeepsABatchThatIsNotFull) {
  EXPECT_EQ(arrived_after(1000, -1), 0u);
}

TEST(Shard, BufferTimeoutOfAnOperatorOverridesTheJobs) {
  EXPECT_EQ(arrived_after(6, 100, 0), kAll);
  EXPECT_EQ(arrived_after(1000, 100, -1), 0u);
  EXPECT_EQ(arrived_after(60, -1, 100), 0u);
  EXPECT_EQ(arrived_after(120, -1, 100), kAll);
}

}  // namespace
}  // namespace weir::exchange_tests
