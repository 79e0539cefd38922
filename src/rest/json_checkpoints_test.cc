#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "rest/json.h"
#include "rest/testing/example_job.h"

namespace weir::rest_tests {
namespace {

using Read = nlohmann::json;

TEST(JsonCheckpoints, SayWhichTasksWereOvertakenAndByHowMuch) {
  const JobSnapshot job = example_job();
  CheckpointRecord record = *job.checkpoints->latest_completed;
  TaskCheckpointFigures aligned;
  TaskCheckpointFigures overtaken;
  overtaken.subtask = 1;
  overtaken.overtook = true;
  overtaken.in_flight_bytes = 700;
  record.tasks = std::make_shared<const std::vector<TaskCheckpointFigures>>(
      std::vector<TaskCheckpointFigures>{aligned, overtaken});
  const Read body = Read::parse(rest::checkpoint_vertex_json(job, record, 0).text());
  EXPECT_EQ(body["subtasks"][0]["unaligned_checkpoint"], false);
  EXPECT_EQ(body["subtasks"][0]["alignment"]["persisted"], 0);
  EXPECT_EQ(body["subtasks"][1]["unaligned_checkpoint"], true);
  EXPECT_EQ(body["subtasks"][1]["alignment"]["persisted"], 700);
  EXPECT_EQ(body["summary"]["alignment"]["persisted"]["max"], 700);
}

TEST(JsonCheckpoints, ShowWhenBarriersOvertake) {
  JobSnapshot job = example_job();
  job.checkpoint_settings.unaligned = true;
  job.checkpoint_settings.aligned_timeout_ms = 1500;
  const Read body = Read::parse(rest::checkpoint_config_json(job).text());
  EXPECT_EQ(body["unaligned_checkpoints"], true);
  EXPECT_EQ(body["aligned_checkpoint_timeout"], 1500);
}

}  // namespace
}  // namespace weir::rest_tests
