#include "checkpoint/checkpoint_history.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

using namespace std::chrono_literals;
using State = CheckpointRecord::State;

class CheckpointHistoryTest : public testing::Test {
 protected:
  void trigger(CheckpointId id, CheckpointKind kind = CheckpointKind::kPeriodic) {
    CheckpointRecord record{.id = id, .kind = kind};
    record.triggered = 100s;
    record.triggered_ms = 1000;
    record.subtasks = 4;
    history_.on_triggered(record);
  }
  void complete(CheckpointId id, int64_t bytes = 10,
                CheckpointKind kind = CheckpointKind::kPeriodic) {
    history_.on_completed({id, kind, "mem:///chk", 1000, 3s, bytes}, 1s, 103s, 4000);
  }

  CheckpointHistory history_;
};

TEST_F(CheckpointHistoryTest, ARecordFollowsItsCheckpoint) {
  trigger(1);
  EXPECT_EQ(history_.report(1)->history.at(0).state, State::kInProgress);
  history_.on_acknowledged(1, 2, 101s, 2000);
  history_.on_acknowledged(1, 4, 102s, 3000);
  complete(1);
  const CheckpointRecord record = history_.report(0)->history.at(0);
  EXPECT_EQ(record.state, State::kCompleted);
  EXPECT_EQ(record.acknowledged, 4);
  EXPECT_EQ(record.acknowledged_ms, 3000);
  EXPECT_EQ(record.write, 2s);
  EXPECT_EQ(record.publish, 1s);
  EXPECT_EQ(record.duration(), 3s);
  EXPECT_EQ(record.ended_ms, 4000);
  EXPECT_EQ(record.uri, "mem:///chk");
  EXPECT_FALSE(record.alignment.has_value()) << "no task has reported it";
  EXPECT_EQ(history_.counts().latest_completed->id, 1);
}

TEST_F(CheckpointHistoryTest, KeepsTheFiguresOfTasksAndTheLongestOfThem) {
  trigger(1);
  history_.on_acknowledged(1, 2, 101s, 2000, {{1, 0, 5, 700, 30, 4, {10, 20}}});
  EXPECT_EQ(history_.report(1)->history.at(0).tasks, nullptr) << "others may follow";
  history_.on_acknowledged(1, 4, 102s, 3000, {{0, 1, 5, 6, 70, 80, {}}, {0, 0, 5, 0, 7, 8, {1}}});
  complete(1, 31);
  const auto report = history_.report(0);
  const CheckpointRecord record = report->history.at(0);
  ASSERT_NE(record.tasks, nullptr);
  ASSERT_EQ(record.tasks->size(), 3u);
  EXPECT_EQ(record.tasks->at(0), (TaskCheckpointFigures{0, 0, 5, 0, 7, 8, {1}, 3000}));
  EXPECT_EQ(record.tasks->at(1).subtask, 1);
  EXPECT_EQ(record.tasks->at(2).bytes(), 30);
  EXPECT_EQ(record.tasks->at(2).acknowledged_ms, 2000);
  EXPECT_EQ(record.alignment, 700us);
  EXPECT_EQ(record.sync, 70us);
  EXPECT_EQ(report->latest_completed->tasks, record.tasks);
  const CheckpointPoint point{1, true, false, 1000, 3'000'000, 700, 70, 80, 1'000'000, 31};
  EXPECT_EQ(report->recent, std::vector{point});
}

TEST_F(CheckpointHistoryTest, AFailedCheckpointHasTheTasksThatHadAcknowledged) {
  trigger(1);
  history_.on_acknowledged(1, 1, 101s, 2000, {{1, 0, 5, 6, 7, 8, {9}}});
  history_.on_ended(1, "disk full", 102s, 3000);
  const auto report = history_.report(0);
  ASSERT_NE(report->history.at(0).tasks, nullptr);
  EXPECT_EQ(report->history.at(0).tasks->size(), 1u);
  EXPECT_FALSE(report->recent.at(0).completed);
  EXPECT_EQ(report->recent.at(0).duration_us, 2'000'000);
}

TEST_F(CheckpointHistoryTest, ForgetsPointsAndTasksOfOldCheckpoints) {
  trigger(1);
  history_.on_acknowledged(1, 1, 101s, 2000, {{1, 0, 5, 6, 7, 8, {9}}});
  const auto last = static_cast<CheckpointId>(kRecentCheckpoints) + 2;
  for (CheckpointId id = 2; id <= last; ++id) {
    trigger(id);
    complete(id);
  }
  const auto report = history_.report(0);
  ASSERT_EQ(report->recent.size(), kRecentCheckpoints);
  EXPECT_EQ(report->recent.front().id, 3);
  EXPECT_EQ(report->recent.back().id, last);
  complete(1);
  EXPECT_EQ(history_.report(0)->latest_completed->tasks, nullptr) << "it had left the history";
}

TEST_F(CheckpointHistoryTest, CountsFailuresAndAbortsSeparately) {
  trigger(1);
  history_.count_failure();
  history_.on_ended(1, "disk full", 101s, 2000);
  trigger(2);
  history_.count_abort();
  history_.on_ended(2, "attempt 1 was stopped", 101s, 2000);
  const auto report = history_.report(0);
  EXPECT_EQ(report->triggered, 2);
  EXPECT_EQ(report->failed, 1);
  EXPECT_EQ(report->aborted, 1);
  EXPECT_EQ(report->history.at(1).failure, "disk full");
  EXPECT_EQ(report->last_failure(), "attempt 1 was stopped");
  EXPECT_EQ(report->bytes, std::nullopt) << "none is complete";
}

TEST_F(CheckpointHistoryTest, KeepsTheNewestAndCountsAll) {
  for (CheckpointId id = 1; id <= 15; ++id) {
    trigger(id);
    complete(id, id);
  }
  const auto report = history_.report(0);
  EXPECT_EQ(report->completed, 15);
  ASSERT_EQ(report->history.size(), kCheckpointHistorySize);
  EXPECT_EQ(report->history.front().id, 15);
  EXPECT_EQ(report->history.back().id, 6);
  EXPECT_EQ(report->bytes->min, 6);
  EXPECT_EQ(report->bytes->max, 15);
  EXPECT_EQ(report->duration_ms->average, 3000);
}

TEST_F(CheckpointHistoryTest, CountsACheckpointThatEndsAfterLeavingTheHistory) {
  for (CheckpointId id = 1; id <= 11; ++id) trigger(id);
  complete(1, 77);
  EXPECT_EQ(history_.counts().completed, 1);
  EXPECT_EQ(history_.counts().latest_completed->bytes, 77);
  EXPECT_EQ(history_.counts().latest_completed->duration(), 3s);
  history_.on_ended(12, "x", 101s, 2000);
  EXPECT_FALSE(history_.counts().latest_failed.has_value());
}

TEST_F(CheckpointHistoryTest, MarksADeletedCheckpoint) {
  trigger(1);
  complete(1);
  history_.on_discarded(1);
  EXPECT_TRUE(history_.report(0)->history.at(0).discarded);
  EXPECT_TRUE(history_.counts().latest_completed->discarded);
}

TEST_F(CheckpointHistoryTest, ReportsSavepointsAndRestoresSeparately) {
  trigger(1, CheckpointKind::kSavepoint);
  CompletedCheckpoint savepoint{.id = 1, .kind = CheckpointKind::kSavepoint};
  savepoint.savepoint = "mem:///s/savepoint-1";
  history_.on_completed(savepoint, 1s, 103s, 4000);
  history_.on_discarded(1);
  EXPECT_FALSE(history_.report(0)->history.at(0).discarded) << "only the checkpoint is deleted";
  EXPECT_EQ(history_.report(0)->history.at(0).uri, "mem:///s/savepoint-1");
  history_.on_restored({7, "mem:///chk-7", 500});
  EXPECT_FALSE(history_.counts().latest_completed.has_value());
  EXPECT_EQ(history_.counts().latest_savepoint->id, 1);
  EXPECT_EQ(history_.counts().restored, 1);
  EXPECT_EQ(history_.counts().latest_restored->uri, "mem:///chk-7");
}

TEST_F(CheckpointHistoryTest, RebuildsTheReportOnlyAfterAChange) {
  trigger(1);
  const auto before = history_.report(1);
  EXPECT_EQ(history_.report(1), before);
  history_.on_acknowledged(1, 1, 101s, 2000);
  EXPECT_NE(history_.report(1), before);
  EXPECT_EQ(before->history.at(0).acknowledged, 0) << "a published report does not change";
}

TEST(CheckpointFigures, AreTheNearestRanks) {
  EXPECT_EQ(figures_of({}), std::nullopt);
  EXPECT_EQ(figures_of({5}), (CheckpointFigures{5, 5, 5, 5, 5, 5, 5, 5}));
  std::vector<int64_t> values;
  for (int64_t i = 1000; i >= 1; --i) values.push_back(i);
  EXPECT_EQ(figures_of(values), (CheckpointFigures{1, 1000, 500, 500, 900, 950, 990, 999}));
}

}  // namespace
}  // namespace weir
