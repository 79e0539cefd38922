#include "tool/trace_file.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace weir::tool {
namespace {

using Json = nlohmann::json;

const std::string kJob = Json({{"name", "counts"},
                               {"vertices",
                                {{{"id", "a"}, {"name", "source"}, {"parallelism", 1}},
                                 {{"id", "b"}, {"name", "sum"}, {"parallelism", 2}}}}})
                             .dump();

Json completed(int64_t id, int64_t from_ms, int64_t duration_ms) {
  return {{"id", id},
          {"status", "COMPLETED"},
          {"trigger_timestamp", from_ms},
          {"end_to_end_duration", duration_ms},
          {"state_size", 77}};
}

/// The events of a kind, without the names of processes and threads.
std::vector<Json> events(const TraceFile& trace, const std::string& kind) {
  std::vector<Json> found;
  const Json all = Json::parse(trace.text());
  for (const Json& event : all["traceEvents"]) {
    if (event["ph"] == kind) found.push_back(event);
  }
  return found;
}

TEST(TraceFile, NamesTheVerticesAndTheirSubtasks) {
  const TraceFile trace(kJob);
  EXPECT_EQ(trace.vertices(), (std::vector<std::string>{"a", "b"}));
  std::string names;
  for (const Json& event : events(trace, "M"))
    names += event["args"]["name"].get<std::string>() + ";";
  EXPECT_EQ(names, "job counts;source;subtask 0;sum;subtask 0;subtask 1;");
}

/// The answer for these checkpoints, the newest first.
std::string history(const std::vector<Json>& checkpoints) {
  return Json({{"history", checkpoints}}).dump();
}

TEST(TraceFile, ACheckpointIsAddedOnceWhenItHasEnded) {
  TraceFile trace(kJob);
  const Json running = {{"id", 2}, {"status", "IN_PROGRESS"}};
  const auto added = trace.add_checkpoints(history({running, completed(1, 5000, 40)}));
  EXPECT_EQ(added, (std::vector<TraceFile::Checkpoint>{{1, 5000}}));
  EXPECT_TRUE(trace.add_checkpoints(history({running, completed(1, 5000, 40)})).empty());
  const auto spans = events(trace, "X");
  ASSERT_EQ(spans.size(), 1u);
  EXPECT_EQ(spans[0]["name"], "checkpoint 1");
  EXPECT_EQ(spans[0]["ts"], 5'000'000);
  EXPECT_EQ(spans[0]["dur"], 40'000);
  EXPECT_EQ(spans[0]["args"]["bytes"], 77);
}

TEST(TraceFile, CheckpointsThatOverlapHaveTheirOwnThreads) {
  TraceFile trace(kJob);
  trace.add_checkpoints(
      history({completed(3, 1600, 10), completed(2, 1200, 500), completed(1, 1000, 500)}));
  const auto spans = events(trace, "X");
  ASSERT_EQ(spans.size(), 3u);
  EXPECT_EQ(spans[0]["tid"], 0);
  EXPECT_EQ(spans[1]["tid"], 1);
  EXPECT_EQ(spans[2]["tid"], 0);
}

TEST(TraceFile, AFailedCheckpointLastsUntilItsFailure) {
  TraceFile trace(kJob);
  trace.add_checkpoints(history({{{"id", 4},
                                  {"status", "FAILED"},
                                  {"is_savepoint", true},
                                  {"trigger_timestamp", 1000},
                                  {"failure_timestamp", 1250},
                                  {"failure_message", "no room"}}}));
  const auto spans = events(trace, "X");
  ASSERT_EQ(spans.size(), 1u);
  EXPECT_EQ(spans[0]["name"], "savepoint 4");
  EXPECT_EQ(spans[0]["dur"], 250'000);
  EXPECT_EQ(spans[0]["args"]["failure"], "no room");
}

TEST(TraceFile, ThePhasesOfATaskFollowEachOther) {
  TraceFile trace(kJob);
  const Json pending = {{"index", 0}, {"status", "pending_or_failed"}};
  const Json done = {{"index", 1},
                     {"status", "completed"},
                     {"start_delay", 5},
                     {"alignment", {{"duration", 20}, {"persisted", 300}}},
                     {"checkpoint", {{"sync", 0}, {"async", 7}}}};
  trace.add_tasks(1, {9, 2000}, Json({{"subtasks", std::vector<Json>{pending, done}}}).dump());
  const auto spans = events(trace, "X");
  ASSERT_EQ(spans.size(), 3u) << "a phase without a duration is left out";
  EXPECT_EQ(spans[0]["name"], "wait for the barrier (checkpoint 9)");
  EXPECT_EQ(spans[1]["name"], "align (checkpoint 9)");
  EXPECT_EQ(spans[1]["ts"], 2'005'000);
  EXPECT_EQ(spans[1]["args"]["overtaken bytes"], 300);
  EXPECT_EQ(spans[2]["name"], "write (checkpoint 9)");
  EXPECT_EQ(spans[2]["ts"], 2'025'000);
  EXPECT_EQ(spans[2]["tid"], 1);
}

TEST(TraceFile, LoadAndFailuresAreOnTheTimeLine) {
  TraceFile trace(kJob);
  trace.add_load(0, 3000, R"([{"id": "busyTimeMsPerSecond", "avg": 400, "max": 900}])");
  const std::string failures =
      R"({"exceptionHistory": {"entries": [{"timestamp": 3100, "stacktrace": "boom"}]}})";
  trace.add_failures(failures);
  trace.add_failures(failures);
  const auto loads = events(trace, "C");
  ASSERT_EQ(loads.size(), 1u);
  EXPECT_EQ(loads[0]["args"]["max"], 900);
  const auto moments = events(trace, "i");
  ASSERT_EQ(moments.size(), 1u) << "each failure once";
  EXPECT_EQ(moments[0]["ts"], 3'100'000);
  EXPECT_EQ(moments[0]["args"]["message"], "boom");
}

TEST(TraceFile, AnswersOfAnotherShapeAreLeftOut) {
  for (const std::string answer : {"", "no JSON", "[]", "7", R"({"errors": ["none"]})",
                                   R"({"history": [{"id": "x", "status": 7}, 3], "subtasks": 1,
                                       "vertices": [1], "exceptionHistory": []})"}) {
    TraceFile trace(answer);
    EXPECT_TRUE(trace.add_checkpoints(answer).empty());
    trace.add_tasks(0, {}, answer);
    trace.add_load(0, 0, answer);
    trace.add_failures(answer);
    EXPECT_TRUE(events(trace, "X").empty()) << answer;
    EXPECT_TRUE(events(trace, "C").empty()) << answer;
  }
}

}  // namespace
}  // namespace weir::tool
