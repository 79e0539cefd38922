#include "rest/job_timeline.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "rest/testing/example_job.h"

namespace weir::rest_tests {
namespace {

using nlohmann::json;
using rest::JobTimeline;

TEST(JobTimeline, APointHasTheRateOfSourcesAndTheLagOfTheEnd) {
  const JobTimeline::Point point = rest::point_of(example_job());
  EXPECT_EQ(point, (JobTimeline::Point{12'000, 10, 12'000 - 1'400, 500, 600}));
}

TEST(JobTimeline, ThereIsNoLagWithoutAWatermark) {
  JobSnapshot job = example_job();
  auto figures = std::make_shared<AttemptFigures>(*job.figures);
  for (const int64_t none : {INT64_MIN, INT64_MAX}) {
    figures->tasks[2].figures.input_watermark = none;
    job.figures = std::make_shared<AttemptFigures>(*figures);
    EXPECT_EQ(rest::point_of(job).lag_ms, -1);
  }
  // Event time that is ahead of the clock, or before 1970.
  figures->tasks[2].figures.input_watermark = INT64_MAX - 1;
  job.figures = std::make_shared<AttemptFigures>(*figures);
  EXPECT_EQ(rest::point_of(job).lag_ms, 0);
  figures->tasks[2].figures.input_watermark = INT64_MIN + 1;
  job.figures = std::make_shared<AttemptFigures>(*figures);
  EXPECT_EQ(rest::point_of(job).lag_ms, 12'000);
}

TEST(JobTimeline, KeepsADayAndNothingTwice) {
  JobTimeline timeline;
  JobSnapshot job = example_job();
  timeline.sample(job);
  timeline.sample(job);
  for (size_t i = 0; i < JobTimeline::kMaxPoints; ++i) {
    job.now_ms += 10'000;
    timeline.sample(job);
  }
  job.now_ms -= 5'000;
  timeline.sample(job);
  const json shown = json::parse(timeline.json().text());
  ASSERT_EQ(shown["at"].size(), JobTimeline::kMaxPoints);
  EXPECT_EQ(shown["at"][0], 22'000);
  EXPECT_EQ(shown["at"].back(), 12'000 + 10'000 * JobTimeline::kMaxPoints);
  EXPECT_EQ(shown["records_per_second"].size(), JobTimeline::kMaxPoints);
}

TEST(JobTimeline, IsAnEmptyListAtFirst) {
  EXPECT_TRUE(json::parse(JobTimeline().json().text())["lag"].is_array());
}

}  // namespace
}  // namespace weir::rest_tests
