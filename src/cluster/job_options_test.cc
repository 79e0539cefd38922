#include "cluster/job_options.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(JobOptions, HeartbeatIntervalIsBelowItsTimeout) {
  Configuration configuration;
  ASSERT_TRUE(configuration.set("heartbeat.interval", "10 s").ok());
  ASSERT_TRUE(configuration.set("heartbeat.timeout", "10 s").ok());
  EXPECT_EQ(job_options(configuration, JobId()).status().code(), StatusCode::kFailedPrecondition);
  ASSERT_TRUE(configuration.set("heartbeat.timeout", "11 s").ok());
  EXPECT_TRUE(job_options(configuration, JobId()).ok());
}

}  // namespace
}  // namespace weir
