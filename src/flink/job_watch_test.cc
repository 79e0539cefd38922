#include "flink/job_watch.h"

#include <gtest/gtest.h>

#include <deque>

#include "flink/test_http.h"

namespace weir {
namespace {

/// A job with a sequence of states, a second apart; "-" is no answer. The last one stays.
class Scene {
 public:
  explicit Scene(std::deque<std::string> states) : states_(std::move(states)) {
    http.replies["GET http://h:1/jobs/7/checkpoints"] =
        answer(200, R"({"counts":{"completed":0},"latest":{}})");
    http.replies["GET http://h:1/jobs/7/exceptions"] = answer(
        200, R"({"root-exception":"a.B: x\n\tat c\nCaused by: d.E: the disk is full\n\tat f"})");
  }

  JobWatch watch(bool progress) {
    return JobWatch([this](std::chrono::milliseconds) { return wait(); }, clock_, rest_, "7",
                    progress, [this](const std::string& line) { lines.push_back(line); });
  }

  FakeHttp http;
  std::vector<std::string> lines;
  int waits_until_interrupt = -1;
  std::chrono::seconds step{1};

 private:
  struct Hand final : Clock {
    MonotonicTime now() const override { return time; }
    int64_t wall_ms() const override { return 0; }
    MonotonicTime time = std::chrono::hours(100);  // the host has run for a while
  };

  bool wait() {
    clock_.time += step;
    const std::string state = states_.front();
    if (states_.size() > 1) states_.pop_front();
    http.replies["GET http://h:1/jobs/7"] =
        state == "-" ? HttpReply{HttpReply::Outcome::kNotSent, "connection refused", 0, "", ""}
                     : answer(200, R"({"state":")" + state + R"(","vertices":[]})");
    return waits_until_interrupt-- == 0;
  }

  std::deque<std::string> states_;
  Hand clock_;
  FlinkRest rest_ = FlinkRest::at(http, "http://h:1").value();
};

using Lines = std::vector<std::string>;

TEST(JobWatch, ExitCodeTellsHowTheJobEnded) {
  Scene finished({"RUNNING", "FINISHED"});
  EXPECT_EQ(finished.watch(false).until_ended(), 0);
  EXPECT_EQ(finished.lines, (Lines{"finished: job 7"}));
  Scene canceled({"RUNNING", "CANCELLING", "CANCELED"});
  EXPECT_EQ(canceled.watch(false).until_ended(), 130);
  Scene failed({"RUNNING", "RESTARTING", "RUNNING", "FAILING", "FAILED"});
  EXPECT_EQ(failed.watch(false).until_ended(), 1);
  EXPECT_EQ(failed.lines, (Lines{"error: the job failed in Flink: the disk is full"}));
}

TEST(JobWatch, ReportsEachChangeOnce) {
  Scene scene({"CREATED", "RUNNING", "RUNNING", "RUNNING", "FINISHED"});
  EXPECT_EQ(scene.watch(true).until_ended(), 0);
  EXPECT_EQ(scene.lines,
            (Lines{"CREATED  tasks 0/0  records from the sources 0",
                   "RUNNING  tasks 0/0  records from the sources 0",
                   "FINISHED  tasks 0/0  records from the sources 0", "finished: job 7"}));
}

TEST(JobWatch, ReportsEveryTenSeconds) {
  Scene scene({"RUNNING", "RUNNING", "RUNNING", "FINISHED"});
  scene.step = std::chrono::seconds(10);
  EXPECT_EQ(scene.watch(true).until_ended(), 0);
  EXPECT_EQ(scene.lines.size(), 5u);
}

TEST(JobWatch, JobHasStartedWhenItsTasksHaveBeenMade) {
  Scene running({"INITIALIZING", "CREATED", "RUNNING", "-"});
  JobWatch watch = running.watch(false);
  EXPECT_TRUE(watch.until_started());
  EXPECT_EQ(running.lines, Lines{}) << "it was asked once more";
  Scene failed({"INITIALIZING", "FAILED"});
  EXPECT_TRUE(failed.watch(false).until_started());
}

TEST(JobWatch, SignalLeavesTheJobAloneAndSaysHowToCancelIt) {
  Scene scene({"RUNNING"});
  scene.waits_until_interrupt = 2;
  EXPECT_EQ(scene.watch(false).until_ended(), 130);
  EXPECT_EQ(scene.lines, (Lines{"the job goes on in the cluster; to cancel it: flink cancel 7, or "
                                "curl -X PATCH 'http://h:1/jobs/7?mode=cancel'"}));
}

TEST(JobWatch, SilenceBeforeTheFirstAnswerCountsFromTheStart) {
  Scene scene({"-", "RUNNING", "FINISHED"});
  EXPECT_EQ(scene.watch(false).until_ended(), 0);
}

TEST(JobWatch, BrieflySilentClusterIsAskedAgain) {
  Scene scene({"RUNNING", "-", "-", "RUNNING", "FINISHED"});
  EXPECT_EQ(scene.watch(false).until_ended(), 0);
  ASSERT_EQ(scene.lines.size(), 3u);
  EXPECT_TRUE(scene.lines[0].starts_with("warning: no Flink cluster answers at http://h:1"))
      << scene.lines[0];
  EXPECT_EQ(scene.lines[1], "http://h:1 answers again");
}

TEST(JobWatch, SilenceCountsFromTheLastAnswer) {
  Scene scene({"RUNNING", "RUNNING", "RUNNING", "RUNNING", "-", "RUNNING", "FINISHED"});
  scene.step = std::chrono::minutes(2);
  EXPECT_EQ(scene.watch(false).until_ended(), 0);
}

TEST(JobWatch, PersistentlySilentClusterIsAbandoned) {
  Scene scene({"RUNNING", "-"});
  scene.step = std::chrono::minutes(2);
  EXPECT_EQ(scene.watch(false).until_ended(), 1);
  EXPECT_NE(scene.lines.back().find("whether job 7 goes on is not known"), std::string::npos)
      << scene.lines.back();
}

}  // namespace
}  // namespace weir
