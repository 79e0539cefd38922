#include "cluster/job_master/job_termination.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/strings.h"
#include "cluster/testing/fake_world.h"

namespace weir::cluster_tests {
namespace {

using namespace std::chrono_literals;
using Said = std::vector<std::string>;

class Store final : public LeaderStore {
 public:
  explicit Store(Said& said) : said_(said) {}
  StatusOr<std::optional<RecordedJob>> job() override { return std::optional<RecordedJob>(); }
  Status set_job(const RecordedJob&) override { return {}; }
  StatusOr<std::optional<CompletedPointer>> pointer() override {
    return std::optional<CompletedPointer>();
  }
  Status set_pointer(const CompletedPointer&) override { return {}; }
  StatusOr<std::optional<RecordedResult>> result() override {
    return std::optional<RecordedResult>();
  }
  Status set_result(const RecordedResult& result) override {
    said_.push_back(cat("record ", result.state, result.message));
    return answer;
  }
  Status answer;

 private:
  Said& said_;
};

class JobTerminationTest : public testing::Test, private TerminationHost {
 protected:
  void make(bool elected) {
    termination_ = std::make_unique<JobTermination>(world_, elected ? store_ : nullptr,
                                                    static_cast<TerminationHost&>(*this),
                                                    [this] { said_.push_back("over"); });
  }
  MonotonicTime poll(bool workers_gone = false) {
    const MonotonicTime next = termination_->poll(world_.now(), workers_gone);
    while (!works_.empty()) {
      const auto work = std::exchange(works_, {});
      for (const auto& each : work) each()();
    }
    return next;
  }
  Said take() { return std::exchange(said_, {}); }

  FakeWorld world_;
  Said said_;
  std::shared_ptr<Store> store_ = std::make_shared<Store>(said_);
  std::unique_ptr<JobTermination> termination_;
  std::function<void()> cleaned_;

 private:
  void run_blocking(std::function<std::function<void()>()> work) override {
    works_.push_back(std::move(work));
  }
  void clean_up(JobOutcome outcome, std::function<void()> done) override {
    said_.push_back(cat("clean ", static_cast<int>(outcome)));
    cleaned_ = std::move(done);
  }
  void on_terminal(const JobEnd& end) override {
    said_.push_back(cat("terminal ", to_string(end.state)));
  }
  std::vector<std::function<std::function<void()>()>> works_;
};

std::string cleaning(JobOutcome outcome) { return cat("clean ", static_cast<int>(outcome)); }

TEST_F(JobTerminationTest, CleansUpAndNotifiesWorkersWithoutElection) {
  make(false);
  termination_->begin({JobState::kFinished, "", false});
  EXPECT_EQ(take(), Said{cleaning(JobOutcome::kFinished)});
  EXPECT_FALSE(termination_->farewell().has_value());
  cleaned_();
  EXPECT_EQ(take(), Said{"terminal FINISHED"});
  ASSERT_TRUE(termination_->farewell().has_value());
  EXPECT_FALSE(termination_->farewell()->failed);
  EXPECT_EQ(poll(), world_.now() + 5s) << "workers are still connected";
  EXPECT_EQ(take(), Said{});
  poll(/*workers_gone=*/true);
  EXPECT_EQ(take(), Said{"over"});
  poll(/*workers_gone=*/true);
  EXPECT_EQ(take(), Said{}) << "once";
}

TEST_F(JobTerminationTest, DoesNotWaitForWorkersThatStay) {
  make(false);
  termination_->begin({JobState::kFailed, "an exception", false});
  EXPECT_EQ(take(), Said{cleaning(JobOutcome::kFailed)});
  cleaned_();
  EXPECT_TRUE(termination_->farewell()->failed);
  EXPECT_EQ(termination_->farewell()->message, "an exception");
  world_.pass(5s);
  poll();
  EXPECT_EQ(take(), (Said{"terminal FAILED", "over"}));
}

TEST_F(JobTerminationTest, WorkersDoNotReportAJobWhoseResultsNobodyWants) {
  make(false);
  termination_->begin({JobState::kFailed, "nobody reads", false, /*unwanted=*/true});
  cleaned_();
  EXPECT_FALSE(termination_->farewell()->failed);
}

TEST_F(JobTerminationTest, RecordsTheResultBeforeAnythingIsDeleted) {
  make(true);
  termination_->begin({JobState::kCanceled, "", false});
  EXPECT_EQ(take(), Said{});
  poll();
  EXPECT_EQ(take(), (Said{"record CANCELED", cleaning(JobOutcome::kCanceled)}));
}

TEST_F(JobTerminationTest, RetriesTheRecordUntilTheStoreAnswers) {
  make(true);
  store_->answer = unavailable("no ZooKeeper");
  termination_->begin({JobState::kFailed, ": x", false});
  poll();
  EXPECT_EQ(take(), Said{"record FAILED: x"});
  EXPECT_EQ(poll(), world_.now() + 200ms);
  EXPECT_EQ(take(), Said{});
  store_->answer = {};
  world_.pass(200ms);
  poll();
  EXPECT_EQ(take(), (Said{"record FAILED: x", cleaning(JobOutcome::kFailed)}));
}

TEST_F(JobTerminationTest, DeposedLeaderDeletesNothingAndNotifiesNobody) {
  make(true);
  store_->answer = aborted("another one leads");
  termination_->begin({JobState::kCanceled, "", false});
  poll();
  world_.pass(100s);
  poll(/*workers_gone=*/true);
  EXPECT_EQ(take(), Said{"record CANCELED"});
  EXPECT_FALSE(termination_->is_terminal());
}

TEST_F(JobTerminationTest, NeitherRecordsNorCleansUpARefusedJob) {
  make(true);
  termination_->begin({JobState::kFailed, "no permission", true});
  EXPECT_EQ(take(), Said{"terminal FAILED"});
}

TEST_F(JobTerminationTest, WorkersGetTimeToConnectAfterAnEarlierLeadersEnd) {
  make(true);
  termination_->begin_known({JobState::kFinished, "", false});
  poll(/*workers_gone=*/true);
  EXPECT_EQ(take(), Said{"terminal FINISHED"});
  world_.pass(5s);
  poll(/*workers_gone=*/true);
  EXPECT_EQ(take(), Said{"over"});
}

TEST_F(JobTerminationTest, TheFirstEndCounts) {
  make(false);
  termination_->begin({JobState::kFailed, "x", false});
  termination_->begin({JobState::kCanceled, "", false});
  cleaned_();
  EXPECT_EQ(take(), (Said{cleaning(JobOutcome::kFailed), "terminal FAILED"}));
}

}  // namespace
}  // namespace weir::cluster_tests
