// The cost of answers about a large job, in time of this process: other load does not count.

#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>
#include <functional>

#include "base/strings.h"
#include "rest/json.h"
#include "rest/testing/example_job.h"

namespace weir::rest_tests {
namespace {

constexpr int kWorkers = 1000;
constexpr int kSlots = 4;
constexpr int kShards = kWorkers * kSlots;
constexpr int kVertices = 3;

JobSnapshot large_job() {
  JobSnapshot job = example_job();
  job.vertices.clear();
  job.edges = {{0, 1, "HASH"}, {1, 2, "HASH"}};
  job.workers.clear();
  auto figures = std::make_shared<AttemptFigures>();
  for (int v = 0; v < kVertices; ++v) {
    const std::string id = cat("0000000000000000000000000000000", v + 1);
    job.vertices.push_back({id, cat("vertex ", v), kShards, 4096, v == 0, {{id, "op"}}});
    for (int i = 0; i < kShards; ++i) {
      TaskStatus task;
      task.figures.vertex = v;
      task.figures.subtask = i;
      task.figures.records_in = i;
      task.worker = i / kSlots;
      figures->tasks.push_back(task);
    }
  }
  job.figures = figures;
  job.worker_of_shard.clear();
  for (int i = 0; i < kShards; ++i) job.worker_of_shard.push_back(i / kSlots);
  for (int i = 0; i < kWorkers; ++i)
    job.workers.push_back({cat("w", i), "host", cat("host:", i), kSlots, kSlots, 0, i, {}});
  return job;
}

/// Of the fastest of three calls.
double cpu_ms(const std::function<std::string()>& call) {
  double least = 1e9;
  for (int i = 0; i < 3; ++i) {
    const std::clock_t begin = std::clock();
    EXPECT_FALSE(call().empty());
    least = std::min(least, 1000.0 * static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC);
  }
  return least;
}

TEST(RestScale, TheOverviewOfAThousandWorkersTakesLessThan50Ms) {
  const JobSnapshot job = large_job();
  EXPECT_LT(cpu_ms([&] { return rest::overview_json(job).text(); }), 50);
  EXPECT_LT(cpu_ms([&] { return rest::jobs_overview_json(job).text(); }), 50);
}

TEST(RestScale, ADetailOfFourThousandSubtasksTakesLessThan500Ms) {
  const JobSnapshot job = large_job();
  EXPECT_LT(cpu_ms([&] { return rest::job_json(job).text(); }), 500);
  EXPECT_LT(cpu_ms([&] { return rest::vertex_json(job, 1).text(); }), 500);
  EXPECT_LT(cpu_ms([&] { return rest::vertex_workers_json(job, 1).text(); }), 500);
  EXPECT_LT(cpu_ms([&] { return rest::subtask_times_json(job, 1).text(); }), 500);
  EXPECT_LT(cpu_ms([&] { return rest::back_pressure_json(job, 1).text(); }), 500);
  EXPECT_LT(cpu_ms([&] { return rest::watermarks_json(job, 1).text(); }), 500);
  EXPECT_LT(cpu_ms([&] { return rest::workers_json(job).text(); }), 500);
}

}  // namespace
}  // namespace weir::rest_tests
