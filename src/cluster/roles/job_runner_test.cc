#include "cluster/roles/job_runner.h"

#include <gtest/gtest.h>

#include "cluster/testing/fake_world.h"
#include "platform/local_transport.h"

namespace weir::cluster_tests {
namespace {

/// Connects within the process only.
class LocalOnly final : public Transport {
 public:
  std::pair<std::unique_ptr<Connection>, std::unique_ptr<Connection>> connect(Endpoint a,
                                                                              Endpoint b) override {
    return connect_within_process(std::move(a), std::move(b));
  }
  StatusOr<std::unique_ptr<Listener>> listen(const Address&, Acceptor) override { std::abort(); }
  std::unique_ptr<Connection> dial(const Address&, Endpoint) override { std::abort(); }
};

/// A job in one process on a fake platform. A chain's blocking work runs when the test says so.
class JobRunnerTest : public testing::Test {
 protected:
  JobRunnerTest() {
    runner_.emplace(graph_, JobOptions{}, platform_, [this] { ++notifications_; });
  }
  ~JobRunnerTest() override {
    world_.answer();
    settle();
  }
  void settle() {
    for (int i = 0; i < 50; ++i) {
      world_.pass(std::chrono::milliseconds(50));
      world_.step_started();
      world_.run_work();
    }
  }

  bool source_ended_ = false;
  int notifications_ = 0;
  JobGraph graph_ = quiet_graph(1, &source_ended_);
  FakeWorld world_;
  LocalOnly transport_;
  Platform platform_{world_, world_, world_, transport_, world_.files};
  std::optional<JobRunner> runner_;
};

TEST_F(JobRunnerTest, IsIdleAfterTheEndOfTheJob) {
  settle();
  EXPECT_EQ(runner_->view().state, JobState::kRunning);
  EXPECT_EQ(notifications_, 0);
  source_ended_ = true;
  settle();
  EXPECT_EQ(runner_->view().state, JobState::kFinished);
  EXPECT_GT(notifications_, 0);
  EXPECT_TRUE(runner_->idle());
}

TEST_F(JobRunnerTest, IsNotIdleWhileBlockingWorkRunsAfterTheEndOfTheJob) {
  world_.hangs = executors::kRestore;
  settle();
  runner_->cancel();
  for (int minutes = 0; minutes < 5; ++minutes) {
    world_.pass(std::chrono::minutes(1));
    settle();
  }
  EXPECT_EQ(runner_->view().state, JobState::kCanceled) << "nobody waits for work that hangs";
  EXPECT_GT(notifications_, 0);
  EXPECT_FALSE(runner_->idle());
  const int before = notifications_;
  world_.answer();
  settle();
  EXPECT_TRUE(runner_->idle());
  EXPECT_GT(notifications_, before);
}

TEST_F(JobRunnerTest, LeavesWhenItsBlockingWorkHasEnded) {
  world_.hangs = executors::kRestore;
  settle();
  runner_->leave();
  settle();
  EXPECT_EQ(notifications_, 0);
  EXPECT_FALSE(runner_->idle());
  world_.answer();
  settle();
  EXPECT_GT(notifications_, 0);
  EXPECT_TRUE(runner_->idle());
}

}  // namespace
}  // namespace weir::cluster_tests
