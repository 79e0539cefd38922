#include "cluster/job_options.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

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

TEST(JobOptions, BarriersOvertakeOnlyExactlyOnceAndOneCheckpointAtATime) {
  const auto options_with = [](std::map<std::string, std::string> settings) {
    Configuration configuration;
    for (const auto& [key, value] : settings) EXPECT_TRUE(configuration.set(key, value).ok());
    return job_options(configuration, JobId());
  };
  const std::string enabled = "execution.checkpointing.unaligned.enabled";
  const std::string timeout = "execution.checkpointing.aligned-checkpoint-timeout";
  EXPECT_EQ(options_with({{timeout, "5 s"}})->worker.execution.overtake_after, std::nullopt);
  EXPECT_EQ(options_with({{enabled, "true"}})->worker.execution.overtake_after, MonotonicTime(0));
  EXPECT_EQ(options_with({{enabled, "true"}, {timeout, "5 s"}})->worker.execution.overtake_after,
            std::chrono::seconds(5));
  for (const auto& [key, value] : std::map<std::string, std::string>{
           {"execution.checkpointing.mode", "AT_LEAST_ONCE"},
           {"execution.checkpointing.max-concurrent-checkpoints", "2"}}) {
    const Status status = options_with({{enabled, "true"}, {key, value}}).status();
    EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition) << key;
    EXPECT_NE(status.message().find(key), std::string::npos) << status.message();
  }
}

}  // namespace
}  // namespace weir
