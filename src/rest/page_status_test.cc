#include "rest/page_status.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "rest/json.h"
#include "rest/testing/example_job.h"

namespace weir::rest_tests {
namespace {

using Read = nlohmann::json;

Read status_of(const JobSnapshot& job, std::optional<size_t> vertex = std::nullopt) {
  return Read::parse(rest::page_status_json(job, vertex).text());
}

/// The figures of tasks in the last completed checkpoint of the example.
JobSnapshot job_with_task_figures() {
  JobSnapshot job = example_job();
  auto report = std::make_shared<CheckpointReport>(*job.checkpoints);
  CheckpointRecord& done = report->history.back();
  done.tasks = std::make_shared<const std::vector<TaskCheckpointFigures>>(
      std::vector<TaskCheckpointFigures>{{0, 0, 4000, 5000, 6000, 7000, {100, 20}, 9040},
                                         {0, 1, 1000, 9000, 2000, 3000, {300, 0}, 9050},
                                         {1, 0, 0, 1500, 500, 99, {7}, 9050}});
  report->latest_completed = done;
  report->recent = {{2, true, false, 9000, 70'000, 9000, 6000, 7000, 500, 4096}};
  job.checkpoints = report;
  return job;
}

TEST(PageStatus, ShowsTheGraphWithItsFigures) {
  const Read body = status_of(example_job());
  EXPECT_EQ(body["name"], "two \"words\"");
  EXPECT_EQ(body["since"], 2000);
  ASSERT_EQ(body["vertices"].size(), 2u);
  const Read& source = body["vertices"][0];
  EXPECT_EQ(source["out_per_second"], 10);
  EXPECT_EQ(source["records_out"], 100);
  EXPECT_DOUBLE_EQ(source["busy"]["avg"], 0.2);
  EXPECT_DOUBLE_EQ(source["busy"]["max"], 0.3);
  EXPECT_DOUBLE_EQ(source["back"]["max"], 0.6);
  EXPECT_TRUE(source["watermark_in"].is_null()) << "a source has none";
  EXPECT_EQ(source["watermark_out"], 1400) << "that of the slowest subtask";
  EXPECT_EQ(source["operators"][1]["metrics"]["late"], 5);
  EXPECT_EQ(source["operators"][1]["metrics"]["delay p99"], 5);
  EXPECT_EQ(body["edges"][0]["ship"], "HASH");
  EXPECT_EQ(body["failures"][0]["message"], "task map (1/2): no luck");
  EXPECT_EQ(body["workers"][0]["cpu"], 1.5);
  EXPECT_EQ(body["checkpoints"]["failed_last"]["failure"], "the disk is full");
  EXPECT_EQ(body["checkpoints"]["running"][0]["duration"], 1000);
  EXPECT_FALSE(body.contains("subtasks"));
}

TEST(PageStatus, ShowsTheStateOfOperatorsAndSubtasks) {
  const Read body = status_of(job_with_task_figures(), 0);
  const Read& source = body["vertices"][0];
  EXPECT_EQ(source["state_bytes"], 420);
  EXPECT_EQ(source["operators"][0]["state_bytes"], 400);
  EXPECT_EQ(source["operators"][1]["state_bytes"], 20);
  EXPECT_EQ(body["subtasks"]["id"], kSource);
  EXPECT_EQ(body["subtasks"]["state"], Read({120, 300}));
  EXPECT_EQ(body["subtasks"]["busy"], Read({300, 100}));
  EXPECT_EQ(body["subtasks"]["watermark"], Read({1500, 1400}));
  EXPECT_EQ(body["checkpoints"]["recent"][0],
            Read({2, 1, 0, 9000, 70'000, 9000, 6000, 7000, 500, 4096}));
}

TEST(PageStatus, TakesHostileFigures) {
  JobSnapshot job = job_with_task_figures();
  auto figures = std::make_shared<AttemptFigures>(*job.figures);
  figures->tasks[0].figures.queued = INT64_MAX;
  figures->tasks[0].figures.queue_capacity = 1;
  figures->tasks[1].figures.output_watermark = INT64_MAX;
  figures->tasks[1].figures.operators = {{99, {}}, {-1, {}}};
  figures->tasks[2].figures.vertex = 7;
  job.figures = figures;
  const Read body = status_of(job, 0);
  EXPECT_EQ(body["subtasks"]["watermark"][1], "end");
  EXPECT_TRUE(body["vertices"][1]["watermark_out"].is_null()) << "no task has reported";
}

TEST(PageStatus, AJobWithoutAnAttemptHasNoFigures) {
  JobSnapshot job = example_job();
  job.figures = std::make_shared<const AttemptFigures>();
  job.checkpoints = nullptr;
  job.workers.clear();
  const Read body = status_of(job, 1);
  EXPECT_TRUE(body["checkpoints"].is_null());
  EXPECT_EQ(body["vertices"][0]["busy"]["avg"], 0);
  EXPECT_TRUE(body["subtasks"]["busy"].is_array());
}

TEST(CheckpointDetails, HaveTheFiguresOfEachVertexAndSubtask) {
  const JobSnapshot job = job_with_task_figures();
  const CheckpointRecord& record = job.checkpoints->history.back();
  const Read details = Read::parse(rest::checkpoint_json(job, record, true).text());
  EXPECT_EQ(details["tasks"][kSource]["state_size"], 420);
  EXPECT_EQ(details["tasks"][kSource]["num_acknowledged_subtasks"], 2);
  EXPECT_EQ(details["tasks"][kSource]["latest_ack_timestamp"], 9050);
  EXPECT_EQ(details["tasks"][kSink]["state_size"], 7);

  const Read vertex = Read::parse(rest::checkpoint_vertex_json(job, record, 0).text());
  EXPECT_EQ(vertex["summary"]["state_size"]["min"], 120);
  EXPECT_EQ(vertex["summary"]["alignment"]["duration"]["max"], 9);
  EXPECT_EQ(vertex["summary"]["checkpoint_duration"]["sync"]["avg"], 4);
  EXPECT_EQ(vertex["summary"]["start_delay"]["max"], 4);
  const Read& second = vertex["subtasks"][1];
  EXPECT_EQ(second["status"], "completed");
  EXPECT_EQ(second["checkpointed_size"], 300);
  EXPECT_EQ(second["checkpoint"]["async"], 3);
  EXPECT_EQ(second["end_to_end_duration"], 50);
}

TEST(CheckpointDetails, OfAFailedOneShowWhoHasAcknowledged) {
  JobSnapshot job = job_with_task_figures();
  CheckpointRecord record = job.checkpoints->history.back();
  record.state = CheckpointRecord::State::kFailed;
  record.tasks = std::make_shared<const std::vector<TaskCheckpointFigures>>(
      std::vector<TaskCheckpointFigures>{{0, 1, 1, 2, 3, 4, {300}, 9050}});
  const Read vertex = Read::parse(rest::checkpoint_vertex_json(job, record, 0).text());
  EXPECT_EQ(vertex["num_acknowledged_subtasks"], 1);
  EXPECT_EQ(vertex["subtasks"][0]["status"], "pending_or_failed");
  EXPECT_EQ(vertex["subtasks"][1]["status"], "completed");
  record.tasks = nullptr;
  const Read none = Read::parse(rest::checkpoint_vertex_json(job, record, 0).text());
  EXPECT_EQ(none["subtasks"][1]["status"], "pending_or_failed");
  EXPECT_EQ(none["summary"]["state_size"]["p99"], "NaN");
}

}  // namespace
}  // namespace weir::rest_tests
