#pragma once

#include <memory>

#include "rest/job_snapshot.h"

namespace weir::rest_tests {

inline constexpr const char* kJob = "0000000000000000000000000000000a";
inline constexpr const char* kSource = "000000000000000000000000000000b1";
inline constexpr const char* kSink = "000000000000000000000000000000b2";

/// A running job: a source with two subtasks, and a sink with one, on one worker with two slots.
inline JobSnapshot example_job() {
  JobSnapshot job;
  job.job_id = kJob;
  job.name = "two \"words\"";
  job.state = "RUNNING";
  job.entered_ms = {{"INITIALIZING", 1000}, {"RUNNING", 2000}};
  job.now_ms = 12000;
  job.started_ms = 1000;
  job.restarts = 3;
  job.restart_strategy = "exponential-delay";
  job.task_state = "RUNNING";
  job.tasks_since_ms = 2000;
  job.vertices = {
      {kSource, "Source: in -> map", 2, 128, true, {{kSource, "in"}, {"c1", "map <x>"}}},
      {kSink, "out", 1, 128, false, {{kSink, "out", "to the bin"}}}};
  job.edges = {{0, 1, "HASH"}};
  job.worker_of_shard = {0, 0};
  job.workers = {{"w1", "host1", "host1:4711", 2, 2, 11000, 0, {{5 << 20, 2500, 12, 6}, 1.5}}};

  auto figures = std::make_shared<AttemptFigures>();
  TaskStatus task;
  task.figures = {0, 0, 0, 70, 0, 700, 7, INT64_MIN, 1500, 10, 20, 30, {}};
  task.rates = {0, 7, 0, 70, 100, 300, 600};
  task.figures.operators = {{1,
                             {{"late", MetricGroup::Kind::kCounter, 5, {}},
                              {"delay", MetricGroup::Kind::kHistogram, 2,
                               HistogramStatistics{2, 1, 9, 5, 4, 1, 2, 3, 4, 5, 6}}}}};
  figures->tasks.push_back(task);
  task.figures = {0, 1, 0, 30, 0, 300, 3, INT64_MIN, 1400, 1, 2, 3, {}};
  task.rates = {0, 3, 0, 30, 900, 100, 0};
  figures->tasks.push_back(task);
  task.figures = {1, 0, 100, 0, 1000, 0, 0, 1400, 1400, 5, 6, 0, {}};
  task.rates = {10, 0, 100, 0, 500, 500, 0};
  figures->tasks.push_back(task);
  job.figures = figures;

  auto report = std::make_shared<CheckpointReport>();
  report->triggered = 4;
  report->completed = 2;
  report->failed = 1;
  report->in_progress = 1;
  CheckpointRecord running;
  running.id = 4;
  running.triggered_ms = 11000;
  running.subtasks = 3;
  running.acknowledged = 1;
  CheckpointRecord failed = running;
  failed.id = 3;
  failed.state = CheckpointRecord::State::kFailed;
  failed.ended_ms = 11500;
  failed.failure = "the disk is full";
  CheckpointRecord completed = running;
  completed.id = 2;
  completed.state = CheckpointRecord::State::kCompleted;
  completed.acknowledged = 3;
  completed.triggered_ms = 9000;
  completed.acknowledged_ms = 9050;
  completed.ended_ms = 9070;
  completed.ended = std::chrono::milliseconds(70);
  completed.bytes = 4096;
  completed.uri = "hdfs://nn/c/chk-2";
  report->history = {running, failed, completed};
  report->latest_completed = completed;
  report->latest_failed = failed;
  report->bytes = CheckpointFigures{1, 4096, 2000, 3, 4, 5, 6, 7};
  job.checkpoints = report;
  job.checkpoint_settings.interval_ms = 1000;
  job.failures = {{10500, "task map (1/2): no luck", "map (1/2)", "w1"}, {9000, "before", "", ""}};
  job.configuration = {{"rest.port", "8081"}};
  return job;
}

}  // namespace weir::rest_tests
