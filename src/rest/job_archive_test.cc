#include "rest/job_archive.h"

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "base/strings.h"
#include "rest/testing/example_job.h"

namespace weir::rest_tests {
namespace {

using Json = nlohmann::json;

std::map<std::string, Json> entries_of(const JobSnapshot& job) {
  std::map<std::string, Json> entries;
  const Json archive = Json::parse(rest::archive_of(job));
  for (const Json& entry : archive["archive"]) {
    EXPECT_EQ(entry.size(), 2u);
    const std::string path = entry["path"];
    EXPECT_TRUE(entries.emplace(path, Json::parse(entry["json"].get<std::string>())).second)
        << path << " is there twice";
  }
  return entries;
}

TEST(JobArchive, HasTheRepliesThatTheHistoryServerShows) {
  JobSnapshot job = example_job();
  job.state = "FINISHED";
  job.ended_ms = 13000;
  const auto entries = entries_of(job);
  const std::string at = cat("/jobs/", kJob);
  for (const std::string& path : {std::string("/jobs/overview"),
                                  at,
                                  at + "/config",
                                  at + "/plan",
                                  at + "/exceptions",
                                  at + "/accumulators",
                                  at + "/checkpoints",
                                  at + "/checkpoints/config",
                                  at + "/jobmanager/config",
                                  at + "/jobmanager/environment",
                                  at + "/checkpoints/details/2",
                                  at + "/checkpoints/details/2/subtasks/" + kSource,
                                  cat(at, "/vertices/", kSource),
                                  cat(at, "/vertices/", kSource, "/subtasktimes"),
                                  cat(at, "/vertices/", kSource, "/taskmanagers"),
                                  cat(at, "/vertices/", kSource, "/accumulators"),
                                  cat(at, "/vertices/", kSource, "/subtasks/accumulators"),
                                  cat(at, "/vertices/", kSource, "/subtasks/1"),
                                  cat(at, "/vertices/", kSource, "/subtasks/1/attempts/3"),
                                  cat(at, "/vertices/", kSink, "/subtasks/0")})
    EXPECT_TRUE(entries.contains(path)) << path;
  EXPECT_EQ(entries.at("/jobs/overview")["jobs"][0]["state"], "FINISHED");
  EXPECT_EQ(entries.at(at)["end-time"], 13000);
  EXPECT_EQ(entries.at(at + "/exceptions")["exceptionHistory"]["entries"].size(), 2u);
}

TEST(JobArchive, AJobWithoutCheckpointsHasNoneInItsArchive) {
  JobSnapshot job = example_job();
  job.checkpoints = nullptr;
  for (const auto& [path, reply] : entries_of(job))
    EXPECT_EQ(path.find("checkpoints"), std::string::npos) << path;
}

}  // namespace
}  // namespace weir::rest_tests
