#include "cluster/job_master/job_attempt.h"

#include <gtest/gtest.h>

#include "cluster/testing/fake_world.h"

namespace weir::cluster_tests {
namespace {

using namespace std::chrono_literals;
using Kind = JobAttempt::Event::Kind;
using Stage = JobAttempt::Stage;

/// Two workers with one slot each; the previous attempt was number 10.
class JobAttemptTest : public testing::Test {
 protected:
  JobAttemptTest() {
    for (const int64_t session : {1, 2}) {
      lines_.push_back(std::make_shared<Line>());
      PooledWorker& worker =
          pool_.add(session, std::make_unique<LineEnd>(lines_.back()), MonotonicTime(0));
      RegisterWorker offer;
      offer.worker = offer.host = std::to_string(session);
      offer.slots = 1;
      pool_.enroll(worker, offer);
    }
  }
  PooledWorker& worker(int64_t session) { return *pool_.find(session); }
  Kind say(int64_t session, const FromWorker& message) {
    return attempt_.on_message(worker(session), message).kind;
  }
  template <class T>
  bool gets(int64_t session) {
    Line& line = *lines_[static_cast<size_t>(session - 1)];
    bool got = false;
    for (; !line.frames.empty(); line.frames.pop_front())
      got |= std::holds_alternative<T>(*decode_from_master(line.frames.front()));
    return got;
  }
  void run() {
    ASSERT_TRUE(attempt_.deploy(graph_, {}, {}, 2).ok());
    say(1, Deployed{11});
    say(2, Deployed{11});
    attempt_.start();
  }

  bool ended_ = false;
  JobGraph graph_ = quiet_graph(2, &ended_);
  std::vector<std::shared_ptr<Line>> lines_;
  WorkerPool pool_;
  JobAttempt attempt_{10, pool_};
};

TEST_F(JobAttemptTest, RunsWhenAllWorkersAreDeployed) {
  EXPECT_FALSE(attempt_.is_active());
  ASSERT_TRUE(attempt_.deploy(graph_, {}, {}, 2).ok());
  EXPECT_EQ(attempt_.number(), 11);
  EXPECT_EQ(attempt_.shards(), 2);
  EXPECT_EQ(attempt_.stage(), Stage::kDeploying);
  EXPECT_TRUE(gets<Deploy>(1));
  EXPECT_TRUE(gets<Deploy>(2));
  EXPECT_EQ(say(1, Deployed{11}), Kind::kNone);
  EXPECT_EQ(say(2, Deployed{11}), Kind::kDeployed);
  attempt_.start();
  EXPECT_EQ(attempt_.stage(), Stage::kRunning);
  EXPECT_TRUE(gets<Start>(1));
  EXPECT_EQ(attempt_.participants().processes.size(), 2u);
}

TEST_F(JobAttemptTest, EndsAndFinishesAfterAllWorkersDo) {
  run();
  EXPECT_EQ(say(1, TasksEnded{11, false}), Kind::kNone);
  EXPECT_EQ(say(1, TasksEnded{11, false}), Kind::kNone) << "said twice";
  EXPECT_EQ(say(2, TasksEnded{11, false}), Kind::kEnded);
  EXPECT_EQ(say(2, TasksEnded{11, true}), Kind::kNone);
  EXPECT_EQ(say(1, TasksEnded{11, true}), Kind::kFinished);
}

TEST_F(JobAttemptTest, FailureNamesItsTask) {
  run();
  const auto event =
      attempt_.on_message(worker(1), TaskFailed{11, "source (1/2)", aborted("an exception")});
  EXPECT_EQ(event.kind, Kind::kFailed);
  EXPECT_EQ(event.task, "source (1/2)");
  EXPECT_EQ(event.failure.message(), "an exception");
}

TEST_F(JobAttemptTest, ProgressIsTheDifferenceFromThePreviousReport) {
  run();
  auto event = attempt_.on_message(worker(1), ProgressReport{11, 100, 7, 3});
  EXPECT_EQ(event.kind, Kind::kProgress);
  EXPECT_EQ(event.source_records, 100);
  EXPECT_EQ(event.late_records, 3);
  event = attempt_.on_message(worker(1), ProgressReport{11, 150, 8, 3});
  EXPECT_EQ(event.source_records, 50);
  EXPECT_EQ(event.late_records, 0);
  say(2, ProgressReport{11, 0, 5, 0});
  EXPECT_EQ(pool_.least_watermark(), 5);
}

TEST_F(JobAttemptTest, ProgressOfAnAttemptBeginsAtZero) {
  run();
  say(1, ProgressReport{11, 100, 7, 3});
  attempt_.forget();
  ASSERT_TRUE(attempt_.deploy(graph_, {}, {}, 2).ok());
  say(1, Deployed{12});
  say(2, Deployed{12});
  attempt_.start();
  const auto event = attempt_.on_message(worker(1), ProgressReport{12, 20, 2, 1});
  EXPECT_EQ(event.source_records, 20);
  EXPECT_EQ(event.late_records, 1);
}

TEST_F(JobAttemptTest, IgnoresMessagesOfAnotherAttempt) {
  run();
  for (const AttemptId other : {AttemptId{10}, AttemptId{12}}) {
    EXPECT_EQ(say(1, TaskFailed{other, "t", aborted("x")}), Kind::kNone);
    EXPECT_EQ(say(1, TasksEnded{other, true}), Kind::kNone);
    EXPECT_EQ(say(1, ProgressReport{other, 1, 1, 0}), Kind::kNone);
    EXPECT_EQ(say(1, Canceled{other}), Kind::kNone);
  }
  EXPECT_FALSE(worker(1).left);
}

TEST_F(JobAttemptTest, IgnoresAWorkerOutsideTheAttempt) {
  ASSERT_TRUE(attempt_.deploy(graph_, {}, {}, 1).ok());
  const int64_t idle = worker(1).index < 0 ? 1 : 2;
  EXPECT_EQ(say(idle, Deployed{11}), Kind::kNone);
  EXPECT_EQ(say(idle, TaskFailed{11, "t", aborted("x")}), Kind::kNone);
  EXPECT_EQ(say(3 - idle, Deployed{11}), Kind::kDeployed);
}

TEST_F(JobAttemptTest, EndsWhenAllWorkersHaveLeftOrAreLost) {
  run();
  attempt_.leave(10s);
  EXPECT_TRUE(gets<Cancel>(1));
  EXPECT_TRUE(gets<Cancel>(2));
  EXPECT_EQ(attempt_.stage(), Stage::kLeaving);
  EXPECT_EQ(say(1, TaskFailed{11, "t", aborted("x")}), Kind::kNone) << "it is being ended";
  EXPECT_FALSE(attempt_.all_left());
  EXPECT_EQ(say(1, Canceled{11}), Kind::kLeft);
  EXPECT_FALSE(attempt_.all_left());
  pool_.remove(2);
  EXPECT_TRUE(attempt_.all_left());
  attempt_.forget();
  EXPECT_EQ(attempt_.stage(), Stage::kNone);
  EXPECT_LT(worker(1).index, 0);
}

TEST_F(JobAttemptTest, NamesTheWorkersThatDoNotLeaveInTime) {
  run();
  EXPECT_TRUE(attempt_.overdue(100s).empty());
  attempt_.leave(10s);
  say(2, Canceled{11});
  EXPECT_TRUE(attempt_.overdue(10s - 1ns).empty());
  EXPECT_EQ(attempt_.overdue(10s), std::vector<int64_t>{1});
}

TEST_F(JobAttemptTest, NoWorkerKnowsAnAttemptThatCannotBeDeployed) {
  StartingPoint start;
  start.max_parallelisms = {1};
  const Status status = attempt_.deploy(graph_, {}, start, 2);
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(attempt_.number(), 11) << "the number is used";
  EXPECT_TRUE(attempt_.is_active());
  attempt_.leave(10s);
  EXPECT_FALSE(gets<Cancel>(1));
  EXPECT_TRUE(attempt_.all_left());
}

}  // namespace
}  // namespace weir::cluster_tests
