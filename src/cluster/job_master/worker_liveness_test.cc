#include "cluster/job_master/worker_liveness.h"

#include <gtest/gtest.h>

#include "cluster/testing/fake_world.h"

namespace weir::cluster_tests {
namespace {

using namespace std::chrono_literals;
using Sessions = std::vector<int64_t>;

/// Heartbeats every second, a timeout of five seconds.
class WorkerLivenessTest : public testing::Test {
 protected:
  std::shared_ptr<Line> connect(int64_t session, bool registered) {
    auto line = std::make_shared<Line>();
    PooledWorker& worker = pool_.add(session, std::make_unique<LineEnd>(line), now_);
    if (registered) pool_.enroll(worker, RegisterWorker{});
    return line;
  }
  void hear(int64_t session) { pool_.find(session)->last_heard = now_; }
  /// Advances the time in small steps, as in a process that runs. Returns everything found.
  WorkerLiveness::Finding run(MonotonicTime time) {
    WorkerLiveness::Finding all;
    for (const MonotonicTime end = now_ + time; now_ < end;) {
      now_ += 100ms;
      const auto found = liveness_.tend(pool_, now_);
      all.silent.insert(all.silent.end(), found.silent.begin(), found.silent.end());
      all.strangers.insert(all.strangers.end(), found.strangers.begin(), found.strangers.end());
      for (const int64_t session : found.silent) pool_.remove(session);
      for (const int64_t session : found.strangers) pool_.remove(session);
    }
    return all;
  }

  MonotonicTime now_ = 100s;
  WorkerPool pool_;
  WorkerLiveness liveness_{1s, 5s, 100s};
};

TEST_F(WorkerLivenessTest, SendsHeartbeatsToRegisteredWorkers) {
  const auto registered = connect(1, true);
  const auto stranger = connect(2, false);
  run(3s);
  EXPECT_EQ(registered->frames.size(), 3u);
  EXPECT_TRUE(stranger->frames.empty());
  EXPECT_EQ(liveness_.next(), 103100ms);
}

TEST_F(WorkerLivenessTest, HeartbeatsAreNeverRarerThanConfigured) {
  const auto line = connect(1, true);
  run(100ms);
  EXPECT_EQ(line->frames.size(), 1u);
  liveness_.set_interval(200ms, now_);
  run(1s);
  EXPECT_EQ(line->frames.size(), 6u);
  liveness_.set_interval(1h, now_);
  run(2s);
  EXPECT_GE(line->frames.size(), 8u);
  EXPECT_LE(line->frames.size(), 9u);
}

TEST_F(WorkerLivenessTest, FindsASilentWorkerAfterTheTimeout) {
  connect(1, true);
  connect(2, true);
  EXPECT_EQ(run(3s).silent, Sessions{});
  hear(2);
  EXPECT_EQ(run(3s).silent, Sessions{1});
  EXPECT_EQ(run(3s).silent, Sessions{2});
}

TEST_F(WorkerLivenessTest, DoesNotCountItsOwnPause) {
  connect(1, true);
  run(1s);
  now_ += 60s;
  EXPECT_EQ(liveness_.tend(pool_, now_).silent, Sessions{});
  EXPECT_EQ(run(2s).silent, Sessions{});
  EXPECT_EQ(run(1s).silent, Sessions{1}) << "a pause excuses nobody for ever";
}

TEST_F(WorkerLivenessTest, FindsAConnectionThatDoesNotRegister) {
  connect(1, false);
  for (int i = 0; i < 9; ++i) {
    EXPECT_EQ(run(1s).strangers, Sessions{});
    hear(1);
  }
  EXPECT_EQ(run(2s).strangers, Sessions{1});
}

}  // namespace
}  // namespace weir::cluster_tests
