#include "runtime/exchange.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>

#include "base/bug_switch.h"
#include "platform/real_platform.h"
#include "runtime/testing/two_workers.h"

namespace weir::exchange_tests {
namespace {

TEST(Exchange, JobHasTheSameResultsOnTwoWorkersAsOnOne) {
  const auto expected = expected_results();
  EXPECT_EQ(expected.size(), static_cast<size_t>(kKeys));
  for (const auto& placement :
       std::vector<std::vector<int>>{{0, 1, 0, 1}, {1, 1, 1, 0}, {1, 0, 0, 0}}) {
    Pair p(placement);
    p.deploy(0);
    p.deploy(1);
    p.deliver_all();
    EXPECT_EQ(p.workers[0]->connected, "connected");
    EXPECT_EQ(p.workers[1]->connected, "connected");
    EXPECT_EQ(p.workers[0]->execution->task_count() + p.workers[1]->execution->task_count(),
              kTasks);
    p.start();
    p.run();
    EXPECT_EQ(p.ended(), kTasks);
    EXPECT_EQ(p.log.results, expected);
    // Every checkpoint that all tasks took must be a consistent cut.
    int complete = 0;
    for (CheckpointId id = 1; id <= p.checkpoints; ++id) {
      if (p.workers[0]->snapshots[id] + p.workers[1]->snapshots[id] < static_cast<int>(kTasks))
        continue;
      ++complete;
      EXPECT_EQ(p.log.emitted[id], p.log.counted[id]) << id;
    }
    EXPECT_GT(complete, 3);
    EXPECT_EQ(p.workers[0]->broken + p.workers[1]->broken, "");
    EXPECT_TRUE(p.workers[0]->failures.empty() && p.workers[1]->failures.empty());
  }
}

TEST(Exchange, RecordsBeyondTheCapacityWaitForCredits) {
  Pair p;
  p.deploy(0);
  p.deploy(1);
  p.deliver_all();
  p.start();
  for (int i = 0; i < 500; ++i) p.world.steps.step_all();  // nothing is delivered
  size_t waiting = 0;
  for (const auto& side : p.world.loopback.sides()) waiting = std::max(waiting, side.frames.size());
  // Per direction: channels from 2 subtasks to 2, and at most 2 to the collector, with 3 elements
  // each.
  EXPECT_GT(waiting, 0u);
  EXPECT_LE(waiting, (2u * 2 + 2) * 3);
  p.run();
  EXPECT_EQ(p.ended(), kTasks);
}

/// Counts the calls, from any thread, and lets the test wait for them.
class Waiting final : public ShardListener {
 public:
  void on_snapshot(TaskSnapshot) override {}
  void on_task_failure(std::string task, Status status) override {
    ADD_FAILURE() << task << ": " << status.message();
  }
  void on_task_ended() override { count(); }
  void on_task_finished() override {}
  void on_progress(int, const ShardProgress&) override {}

  void count() {
    std::lock_guard lock(mutex_);
    ++counted_;
    changed_.notify_all();
  }
  bool wait_for(size_t number) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(60), [&] { return counted_ >= number; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t counted_ = 0;
};

TEST(Exchange, JobOnTwoWorkersRunsOverTcp) {
  const auto expected = expected_results(5000);
  NoFiles files;
  RealPlatform machines[2] = {RealPlatform(files, 1), RealPlatform(files, 1)};
  Log log;
  const JobGraph graph = job(log, 5000);
  Waiting connected, ended;
  BlockingGate gate([] {});
  std::unique_ptr<DataServer> servers[2];
  std::vector<Address> addresses;
  for (int i = 0; i < 2; ++i) {
    auto server = DataServer::listen(machines[i].get(), {"127.0.0.1", 0});
    ASSERT_TRUE(server.ok()) << server.status().message();
    servers[i] = std::move(*server);
    addresses.push_back({"127.0.0.1", servers[i]->port()});
  }
  std::unique_ptr<JobExecution> executions[2];
  for (int i = 0; i < 2; ++i) {
    executions[i] = std::make_unique<JobExecution>(
        graph, ExecutionOptions{.channel_capacity = 3, .batch_size = 8, .shard = {}},
        machines[i].get(), gate, ended, -1, 1, Placement{{0, 1, 0, 1}, addresses, i},
        servers[i].get());
    for (const auto& shard : executions[i]->shards()) {
      for (const auto& task : shard->tasks()) ASSERT_TRUE(task->chain().open({}).ok());
    }
    executions[i]->connect(
        [&](Status status) {
          EXPECT_TRUE(status.ok()) << status.message();
          connected.count();
        },
        [](Status status) { ADD_FAILURE() << status.message(); });
  }
  ASSERT_TRUE(connected.wait_for(2));
  for (const auto& execution : executions) execution->start(false);
  EXPECT_TRUE(ended.wait_for(kTasks));
  for (const auto& execution : executions) execution->stop();
  EXPECT_EQ(log.results, expected);
  for (auto& execution : executions) execution.reset();
}

TEST(Exchange, ImpossiblePlacementsAreRefused) {
  Log log;
  const JobGraph graph = job(log);
  const std::vector<Address> two = {{"a", 1}, {"b", 2}};
  EXPECT_TRUE(check_placement(graph, {}, false).ok());
  EXPECT_TRUE(check_placement(graph, {{0, 1, 0, 1}, two, 1}, true).ok());
  EXPECT_TRUE(check_placement(graph, {{0, 0, 0, 0}, two, 0}, false).ok());
  EXPECT_TRUE(check_placement(graph, {{0, 1, 0, 2}, two, 2}, true).ok())
      << "nobody has to say where this process is";
  for (const Placement& wrong :
       {Placement{{0, 1, 0}, two, 0}, Placement{{0, 1, 2, 0}, two, 0},
        Placement{{0, -1, 0, 0}, two, 0}, Placement{{0, 1, 0, 1}, two, 2},
        Placement{{0, 1, 0, 1}, two, -1}, Placement{{0, 1, 0, 1}, {}, 0}}) {
    EXPECT_EQ(check_placement(graph, wrong, true).code(), StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(check_placement(graph, {{0, 1, 0, 1}, two, 0}, false).code(),
            StatusCode::kInvalidArgument);
}

TEST(Exchange, EdgesThatCannotLeaveTheProcessAreNamed) {
  Log log;
  JobGraph graph = job(log);
  EXPECT_TRUE(check_can_be_distributed(graph).ok());
  graph.edges[1].codec = nullptr;
  const Status status = check_can_be_distributed(graph);
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(status.message().find("operator 'count' sends to operator 'collect'"),
            std::string_view::npos)
      << status.message();
  graph.edges[1].partitioning = Partitioning::kForward;
  EXPECT_TRUE(check_can_be_distributed(graph).ok());
}

#ifdef WEIR_BUGS
TEST(Exchange, SwitchedOnBugsAreNoticed) {
  const auto expected = expected_results();
  const auto results_with = [](Bug bug) {
    enable_bug(bug);
    Pair p;
    p.deploy(0);
    p.deploy(1);
    p.deliver_all();
    p.start();
    p.run(2000);
    disable_bugs();
    return p.log.results;
  };
  EXPECT_EQ(results_with(Bug::kCount), expected);
  EXPECT_NE(results_with(Bug::kCreditLost), expected);  // it never finishes
}
#endif

}  // namespace
}  // namespace weir::exchange_tests
