// The texts that reporters send.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "rest/report/otlp.h"
#include "rest/report/reported_figures.h"
#include "rest/report/text_lines.h"
#include "rest/testing/example_job.h"

namespace weir::rest_tests {
namespace {

using Read = nlohmann::json;

const rest::OtlpService kService{"shop", "1.2"};

Read metrics_of(const JobSnapshot& job) {
  const Read body = Read::parse(rest::otlp_metrics(job, kService));
  return body["resourceMetrics"][0]["scopeMetrics"][0]["metrics"];
}

const Read* find(const Read& list, const std::string& name) {
  for (const Read& each : list) {
    if (each["name"] == name) return &each;
  }
  return nullptr;
}

std::string attribute(const Read& of, const std::string& key) {
  for (const Read& each : of["attributes"]) {
    if (each["key"] == key) return each["value"]["stringValue"];
  }
  return "";
}

TEST(OtlpMetrics, CountersAreSumsSinceTheAttemptBegan) {
  const Read metrics = metrics_of(example_job());
  const Read* records = find(metrics, "flink.taskmanager.job.task.numRecordsOut");
  ASSERT_NE(records, nullptr);
  const Read& sum = (*records)["sum"];
  EXPECT_EQ(sum["aggregationTemporality"], 2);
  EXPECT_EQ(sum["isMonotonic"], true);
  ASSERT_EQ(sum["dataPoints"].size(), 3u);
  const Read& first = sum["dataPoints"][0];
  EXPECT_EQ(first["asInt"], "70") << "64 bits are text in the JSON encoding";
  EXPECT_EQ(first["startTimeUnixNano"], "2000000000");
  EXPECT_EQ(first["timeUnixNano"], "12000000000");
  EXPECT_EQ(attribute(first, "job_id"), kJob);
  EXPECT_EQ(attribute(first, "subtask_index"), "0");
  EXPECT_EQ(attribute(first, "tm_id"), "w1");
}

TEST(OtlpMetrics, RatesAreGaugesAndHistogramsSummaries) {
  const Read metrics = metrics_of(example_job());
  const Read* busy = find(metrics, "flink.taskmanager.job.task.busyTimeMsPerSecond");
  ASSERT_NE(busy, nullptr);
  EXPECT_EQ((*busy)["gauge"]["dataPoints"][0]["asDouble"], 300.0);
  const Read* delay = find(metrics, "flink.taskmanager.job.task.operator.delay");
  ASSERT_NE(delay, nullptr);
  const Read& point = (*delay)["summary"]["dataPoints"][0];
  EXPECT_EQ(point["count"], "2");
  EXPECT_EQ(point["sum"], 10.0);
  EXPECT_EQ(point["quantileValues"][0]["quantile"], 0.0);
  EXPECT_EQ(point["quantileValues"][5]["value"], 9.0);
  EXPECT_EQ(attribute(point, "operator_name"), "map <x>");
  EXPECT_NE(find(metrics, "flink.jobmanager.job.numRestarts"), nullptr);
}

TEST(OtlpMetrics, NamesItsServiceAndItself) {
  const Read body = Read::parse(rest::otlp_metrics(example_job(), kService));
  const Read& resource = body["resourceMetrics"][0];
  EXPECT_EQ(attribute(resource["resource"], "service.name"), "shop");
  EXPECT_EQ(attribute(resource["resource"], "service.version"), "1.2");
  EXPECT_EQ(resource["scopeMetrics"][0]["scope"]["name"], "weir");
}

TEST(OtlpMetrics, LeavesOutWhatJsonCannotSay) {
  JobSnapshot job = example_job();
  auto figures = std::make_shared<AttemptFigures>(*job.figures);
  figures->tasks[0].rates.busy_ms = std::numeric_limits<double>::quiet_NaN();
  figures->tasks[1].rates.busy_ms = std::numeric_limits<double>::infinity();
  job.figures = figures;
  job.name = "\xff";
  const Read metrics = metrics_of(job);
  EXPECT_EQ(
      (*find(metrics, "flink.taskmanager.job.task.busyTimeMsPerSecond"))["gauge"]["dataPoints"]
          .size(),
      1u);
}

CheckpointRecord ended_checkpoint() {
  CheckpointRecord record;
  record.id = 7;
  record.state = CheckpointRecord::State::kCompleted;
  record.triggered_ms = 10'000;
  record.ended_ms = 10'100;
  record.ended = std::chrono::milliseconds(100);
  record.publish = std::chrono::milliseconds(20);
  record.bytes = 4096;
  record.tasks = std::make_shared<const std::vector<TaskCheckpointFigures>>(
      std::vector<TaskCheckpointFigures>{{0, 1, 5000, 10'000, 1000, 30'000, {300}, 10'070}});
  return record;
}

Read spans_of(const JobSnapshot& job, const std::vector<CheckpointRecord>& records) {
  const Read body = Read::parse(rest::otlp_spans(job, records, kService));
  return body["resourceSpans"][0]["scopeSpans"][0]["spans"];
}

TEST(OtlpSpans, ACheckpointIsATraceOfItsTasksAndTheirPhases) {
  const Read spans = spans_of(example_job(), {ended_checkpoint()});
  const Read* root = find(spans, "Checkpoint");
  ASSERT_NE(root, nullptr);
  EXPECT_FALSE(root->contains("parentSpanId"));
  EXPECT_EQ((*root)["startTimeUnixNano"], "10000000000");
  EXPECT_EQ((*root)["endTimeUnixNano"], "10100000000");
  EXPECT_EQ(attribute(*root, "checkpointId"), "7");
  EXPECT_EQ((*root)["traceId"].get<std::string>().size(), 32u);
  EXPECT_EQ((*root)["spanId"].get<std::string>().size(), 16u);

  const Read* task = find(spans, "Source: in -> map (2/2)");
  ASSERT_NE(task, nullptr);
  EXPECT_EQ((*task)["parentSpanId"], (*root)["spanId"]);
  EXPECT_EQ((*task)["endTimeUnixNano"], "10070000000") << "when it was acknowledged";
  EXPECT_EQ((*task)["startTimeUnixNano"], "10024000000");
  const Read* alignment = find(spans, "alignment");
  ASSERT_NE(alignment, nullptr);
  EXPECT_EQ((*alignment)["parentSpanId"], (*task)["spanId"]);
  EXPECT_EQ((*alignment)["startTimeUnixNano"], "10029000000");
  EXPECT_EQ((*alignment)["endTimeUnixNano"], "10039000000");
  const Read* publish = find(spans, "publish");
  ASSERT_NE(publish, nullptr);
  EXPECT_EQ((*publish)["startTimeUnixNano"], "10080000000");

  std::set<std::string> ids;
  for (const Read& span : spans) {
    EXPECT_EQ(span["traceId"], (*root)["traceId"]);
    EXPECT_TRUE(ids.insert(span["spanId"]).second) << "each has its own";
  }
  EXPECT_EQ(spans, spans_of(example_job(), {ended_checkpoint()})) << "a repetition is the same";
}

TEST(OtlpSpans, AFailedCheckpointSaysWhy) {
  CheckpointRecord record = ended_checkpoint();
  record.state = CheckpointRecord::State::kFailed;
  record.failure = "the disk is full";
  record.tasks = nullptr;
  record.publish = std::nullopt;
  const Read spans = spans_of(example_job(), {record});
  ASSERT_EQ(spans.size(), 1u);
  EXPECT_EQ(spans[0]["status"]["code"], 2);
  EXPECT_EQ(spans[0]["status"]["message"], "the disk is full");
}

TEST(OtlpSpans, OfManyTasksTheSlowestAreShown) {
  CheckpointRecord record = ended_checkpoint();
  std::vector<TaskCheckpointFigures> tasks;
  for (int i = 0; i < 5000; ++i) tasks.push_back({0, i, 0, 0, 0, i, {}, 10'070});
  record.tasks = std::make_shared<const std::vector<TaskCheckpointFigures>>(tasks);
  const Read spans = spans_of(example_job(), {record});
  EXPECT_LT(spans.size(), 50u);
  EXPECT_NE(find(spans, "Source: in -> map (5000/2)"), nullptr);
  EXPECT_EQ(find(spans, "Source: in -> map (1/2)"), nullptr);
}

TEST(OtlpSpans, ThereIsNothingToSendWithoutCheckpoints) {
  EXPECT_EQ(rest::otlp_spans(example_job(), {}, kService), "");
}

TEST(StatsdDatagrams, HaveFlinksNames) {
  std::string all;
  for (const std::string& datagram : rest::statsd_datagrams(example_job(), 1432)) {
    EXPECT_LE(datagram.size(), 1432u);
    EXPECT_FALSE(datagram.empty());
    all += datagram + "\n";
  }
  const auto has = [&](const std::string& line) {
    EXPECT_NE(all.find(line + "\n"), std::string::npos) << line << " is not in:\n" << all;
  };
  has("host1.taskmanager.w1.two \"words\".Source- in -> map.0.numRecordsOut:70|g");
  has("host1.taskmanager.w1.two \"words\".map <x>.0.delay.p99:5|g");
  has("host1.taskmanager.w1.Status.JVM.CPU.Load:1.5|g");
  has("localhost.jobmanager.two \"words\".numRestarts:3|g");
  has("localhost.jobmanager.taskSlotsTotal:2|g");
}

TEST(StatsdDatagrams, ANegativeGaugeIsNoChange) {
  std::string all;
  for (const std::string& datagram : rest::statsd_datagrams(example_job(), 1432))
    all += datagram + "\n";
  const std::string name =
      "host1.taskmanager.w1.two \"words\".Source- in -> map.0.currentInputWatermark";
  EXPECT_NE(all.find(name + ":0|g\n" + name + ":-9223372036854775808|g\n"), std::string::npos)
      << all;
}

TEST(StatsdDatagrams, ANameMakesNoLineOfItsOwn) {
  JobSnapshot job = example_job();
  job.name = "a\nb:1|c";
  for (const std::string& datagram : rest::statsd_datagrams(job, 1432))
    EXPECT_EQ(datagram.find("\nb"), std::string::npos);
  job.name = std::string(5000, 'x');
  for (const std::string& datagram : rest::statsd_datagrams(job, 1432))
    EXPECT_LE(datagram.size(), 1432u);
}

TEST(LogLines, ShowEveryFigure) {
  const std::string lines = rest::log_lines(example_job());
  EXPECT_NE(lines.find("Source: in -> map.0.numRecordsOut: 70\n"), std::string::npos) << lines;
}

}  // namespace
}  // namespace weir::rest_tests
