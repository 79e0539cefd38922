// The end of the job.

#include "cluster/job_master/job_master.h"

#include <gtest/gtest.h>

#include "cluster/testing/master_fixture.h"

namespace weir::cluster_tests {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_F(JobMasterTest, FinishesWhenEveryWorkerHasFinished) {
  make();
  FakeWorker a = worker("a");
  FakeWorker b = worker("b");
  const AttemptId attempt = run({&a, &b});
  a.send(TasksEnded{attempt, false});
  settle();
  EXPECT_FALSE(a.take<CommitWithoutCheckpoint>().has_value());
  b.send(TasksEnded{attempt, false});
  settle();
  const auto commit = a.take<CommitWithoutCheckpoint>();
  ASSERT_TRUE(commit.has_value());
  EXPECT_EQ(commit->attempt, attempt);
  EXPECT_FALSE(a.take<NotifyCheckpointComplete>().has_value());
  a.send(TasksEnded{attempt, true});
  settle();
  EXPECT_FALSE(a.take<Cancel>().has_value());
  b.send(TasksEnded{attempt, true});
  settle();
  leave({&a, &b}, attempt);
  EXPECT_EQ(state(), JobState::kFinished);
  EXPECT_TRUE(a.take<Shutdown>().has_value());
  EXPECT_FALSE(ended_) << "the workers have not gone yet";
  a.die();
  b.die();
  settle();
  EXPECT_TRUE(ended_);
}

TEST_F(JobMasterTest, EndsWithoutWaitingForWorkersThatStay) {
  make();
  FakeWorker a = worker("a", 2);
  run({&a});
  master_->cancel();
  settle();
  leave({&a}, master_->view().attempt);
  EXPECT_EQ(state(), JobState::kCanceled);
  EXPECT_FALSE(ended_);
  pass(seconds(6));
  EXPECT_TRUE(ended_);
}

TEST_F(JobMasterTest, NotifiesALateWorkerThatTheJobHasEnded) {
  make();
  master_->cancel();
  settle();
  FakeWorker late(*master_, "late", 1);
  settle();
  EXPECT_TRUE(late.take<Shutdown>().has_value());
}

/// Keeps leaders' records in memory.
class Records final : public LeaderStore {
 public:
  StatusOr<std::optional<RecordedJob>> job() override { return std::optional<RecordedJob>(); }
  Status set_job(const RecordedJob&) override { return {}; }
  StatusOr<std::optional<CompletedPointer>> pointer() override {
    return std::optional<CompletedPointer>();
  }
  Status set_pointer(const CompletedPointer&) override { return {}; }
  StatusOr<std::optional<RecordedResult>> result() override { return result_; }
  Status set_result(const RecordedResult& result) override {
    if (!reachable_) return unavailable("ZooKeeper does not answer");
    result_ = result;
    return {};
  }

  std::optional<RecordedResult> result_;
  bool reachable_ = true;
};

TEST_F(JobMasterTest, EndsOnlyOnceItsResultIsRecorded) {
  const auto records = std::make_shared<Records>();
  make(1, records);
  FakeWorker a = worker("a", 2);
  const AttemptId attempt = run({&a});
  records->reachable_ = false;
  master_->cancel();
  settle();
  leave({&a}, attempt);
  pass(seconds(3), {&a});
  EXPECT_FALSE(is_terminal(state())) << "the next leader would run the job again";
  EXPECT_FALSE(a.take<Shutdown>().has_value());
  records->reachable_ = true;
  pass(seconds(1), {&a});
  EXPECT_EQ(state(), JobState::kCanceled);
  ASSERT_TRUE(records->result_.has_value());
  EXPECT_EQ(records->result_->state, "CANCELED");
  EXPECT_TRUE(a.take<Shutdown>().has_value());
}

TEST_F(JobMasterTest, NotifiesWorkersOfAJobThatEndedUnderAnEarlierLeader) {
  const auto records = std::make_shared<Records>();
  records->result_ = RecordedResult{"FINISHED", ""};
  make(2, records);
  EXPECT_EQ(state(), JobState::kFinished);
  EXPECT_FALSE(ended_) << "workers that missed the end are on their way";
  FakeWorker late(*master_, "late", 1);
  settle();
  EXPECT_TRUE(late.take<Shutdown>().has_value());
  late.die();
  pass(seconds(6));
  EXPECT_TRUE(ended_);
}

}  // namespace
}  // namespace weir::cluster_tests
