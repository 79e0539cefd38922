#include "rest/rest_api.h"
#include "rest/testing/rest_api_fixture.h"

namespace weir::rest_tests {
namespace {

TEST_F(RestApiTest, JobsOverviewHasEveryFieldThatClientsRequire) {
  for (const char* path : {"/jobs/overview", "/v1/jobs/overview"}) {
    const Json body = get(path);
    ASSERT_EQ(body["jobs"].size(), 1u);
    const Json& listed = body["jobs"][0];
    EXPECT_EQ(listed["jid"], kJob);
    EXPECT_EQ(listed["name"], "two \"words\"");
    EXPECT_EQ(listed["state"], "RUNNING");
    EXPECT_EQ(listed["start-time"], 1000);
    EXPECT_EQ(listed["end-time"], -1);
    EXPECT_EQ(listed["duration"], 11000);
    EXPECT_EQ(listed["last-modification"], 2000);
    EXPECT_EQ(listed["pending-operators"], 0);
    EXPECT_EQ(listed["tasks"]["total"], 3);
    EXPECT_EQ(listed["tasks"]["running"], 3);
    for (const char* state : {"created", "scheduled", "deploying", "finished", "canceling",
                              "canceled", "failed", "reconciling", "initializing"})
      EXPECT_EQ(listed["tasks"][state], 0) << state;
  }
  EXPECT_GT(observed_, 0);
}

TEST_F(RestApiTest, AggregatesTheChosenSubtasksAndWorkers) {
  const auto sum = [&](const std::string& subtasks) -> double {
    const Json body = get(vertex("/subtasks/metrics"),
                          {{"get", "numRecordsOut"}, {"agg", "sum"}, {"subtasks", subtasks}});
    return body.empty() ? -1 : body[0]["sum"].get<double>();
  };
  EXPECT_EQ(sum("0"), 70);
  EXPECT_EQ(sum("1"), 30);
  EXPECT_EQ(sum("0,1,1"), 100);
  EXPECT_EQ(sum("1-9000000000"), 30);
  EXPECT_EQ(sum("7"), -1);
  for (const char* wrong : {"-", "x", "2-1", "-1", "1-", "99999999999999999999"})
    EXPECT_EQ(send("GET", vertex("/subtasks/metrics"), "", {{"subtasks", wrong}}).status, 400)
        << wrong;
  EXPECT_TRUE(get("/taskmanagers/metrics", {{"taskmanagers", "w9"}}).empty());
  EXPECT_FALSE(get("/taskmanagers/metrics", {{"taskmanagers", "w9,w1"}}).empty());
}

TEST_F(RestApiTest, ShowsWhatTheCoordinatorUses) {
  const auto value = [&](const std::string& name) -> std::string {
    const Json body = get("/jobmanager/metrics", {{"get", name}});
    return body.size() == 1 ? body[0]["value"] : Json("none");
  };
  EXPECT_EQ(value("Status.JVM.Memory.Heap.Used"), "5242880");
  EXPECT_EQ(value("Status.JVM.Threads.Count"), "6");
  EXPECT_EQ(value("taskSlotsTotal"), "2");
}

TEST_F(RestApiTest, OnlyTheProcessThatLeadsIsReadyAndAllAreAlive) {
  observed_ = 0;
  EXPECT_EQ(send("GET", "/livez").status, 200);
  EXPECT_EQ(send("GET", "/readyz").status, 200);
  EXPECT_EQ(observed_, 0) << "a probe does not look at the job";
  leads_ = false;
  EXPECT_EQ(send("GET", "/livez").status, 200);
  EXPECT_EQ(send("GET", "/readyz").status, 503);
}

TEST_F(RestApiTest, ShowsTheLogsOfTheCoordinatorAndOfWorkers) {
  EXPECT_EQ(send("GET", "/jobmanager/log").body, "own 0");
  EXPECT_EQ(send("GET", "/jobmanager/stdout").body, "own 1");
  EXPECT_EQ(send("POST", "/jobmanager/log").status, 404);
  EXPECT_EQ(send("GET", "/jobmanager/logs/../secret").status, 404);
  EXPECT_EQ(send("GET", "/taskmanagers/nobody/log").status, 404);
  const auto late = [&](const std::string& path) {
    const RestReply waits = send("GET", path);
    EXPECT_TRUE(waits.later) << path;
    RestReply known;
    waits.later([&](RestReply reply) { known = std::move(reply); });
    return known;
  };
  EXPECT_EQ(late("/taskmanagers/w1/log").body, "of w1 0");
  EXPECT_EQ(late("/v1/taskmanagers/w1/logs/weir.log").body, "of w1 0");
  EXPECT_EQ(Json::parse(late("/taskmanagers/w1/thread-dump").body)["threadInfos"].size(), 1u);
  job_.workers[0].id = "w2";
  const RestReply lost = late("/taskmanagers/w2/log");
  EXPECT_EQ(lost.status, 503);
  EXPECT_EQ(error_of(lost), "the worker was lost");
}

TEST_F(RestApiTest, TheOverviewCountsWorkersSlotsAndTheJob) {
  const Json body = get("/overview");
  EXPECT_EQ(body["taskmanagers"], 1);
  EXPECT_EQ(body["slots-total"], 2);
  EXPECT_EQ(body["slots-available"], 0);
  EXPECT_EQ(body["jobs-running"], 1);
  EXPECT_EQ(body["jobs-failed"], 0);
  EXPECT_EQ(get("/config")["features"]["web-cancel"], true);
  EXPECT_EQ(get("/jobs")["jobs"][0]["status"], "RUNNING");
  EXPECT_EQ(get("/applications/overview")["applications"][0]["jobs"]["RUNNING"], 1);
}

TEST_F(RestApiTest, TheJobHasItsVerticesAndAPlanWithTheSameIds) {
  const Json body = get(job());
  EXPECT_EQ(body["timestamps"].size(), 11u);
  EXPECT_EQ(body["timestamps"]["RUNNING"], 2000);
  EXPECT_EQ(body["timestamps"]["FAILED"], 0);
  EXPECT_EQ(body["status-counts"].size(), 10u);
  EXPECT_EQ(body["status-counts"]["RUNNING"], 3);
  ASSERT_EQ(body["vertices"].size(), 2u);
  const Json& source = body["vertices"][0];
  EXPECT_EQ(source["id"], kSource);
  EXPECT_EQ(source["parallelism"], 2);
  EXPECT_EQ(source["tasks"]["RUNNING"], 2);
  EXPECT_EQ(source["metrics"]["write-records"], 100);
  EXPECT_EQ(source["metrics"]["write-bytes"], 1000);
  EXPECT_EQ(source["metrics"]["accumulated-backpressured-time"], 33);
  EXPECT_TRUE(source["metrics"]["accumulated-busy-time"].is_number_float());
  const Json& nodes = body["plan"]["nodes"];
  ASSERT_EQ(nodes.size(), 2u);
  EXPECT_EQ(nodes[0]["id"], kSink);
  EXPECT_EQ(nodes[0]["inputs"][0]["id"], kSource);
  EXPECT_EQ(nodes[0]["inputs"][0]["ship_strategy"], "HASH");
  EXPECT_FALSE(nodes[1].contains("inputs")) << "that is how the dashboard knows a source";
  EXPECT_EQ(nodes[0]["description"], "to the bin<br/>") << "as the program describes it";
  EXPECT_EQ(nodes[1]["description"], "in<br/>+- map &lt;x&gt;<br/>");
  EXPECT_EQ(get(job("/plan"))["plan"]["nodes"], nodes);
  EXPECT_EQ(get(job("/status"))["status"], "RUNNING");
  EXPECT_EQ(get(job("/execution-result"))["status"]["id"], "IN_PROGRESS");
}

TEST_F(RestApiTest, AVertexHasItsSubtasksAndTheirWorkers) {
  const Json body = get(vertex());
  ASSERT_EQ(body["subtasks"].size(), 2u);
  EXPECT_EQ(body["subtasks"][1]["subtask"], 1);
  EXPECT_EQ(body["subtasks"][1]["endpoint"], "host1:4711");
  EXPECT_EQ(body["subtasks"][1]["taskmanager-id"], "w1");
  EXPECT_EQ(body["subtasks"][1]["metrics"]["write-records"], 30);
  EXPECT_EQ(body["subtasks"][0]["status-duration"]["RUNNING"], 10000);
  EXPECT_EQ(body["aggregated"]["metrics"]["write-records"]["sum"], 100);
  EXPECT_EQ(body["aggregated"]["metrics"]["write-records"]["max"], 70);
  EXPECT_EQ(get(vertex("/taskmanagers"))["taskmanagers"][0]["status-counts"]["RUNNING"], 2);
  EXPECT_EQ(get(vertex("/subtasktimes"))["subtasks"][0]["timestamps"]["RUNNING"], 2000);
  EXPECT_EQ(get(vertex("/subtasks/1"))["subtask"], 1);
  const Json pressure = get(vertex("/backpressure"));
  EXPECT_EQ(pressure["backpressureLevel"], "high");
  EXPECT_EQ(pressure["subtasks"][0]["ratio"], 0.6);
  EXPECT_EQ(pressure["subtasks"][1]["backpressure-level"], "ok");
  EXPECT_EQ(get(vertex("/watermarks"))[0]["id"], "0.currentInputWatermark");
  EXPECT_EQ(get(vertex("/watermarks"))[0]["value"], "-9223372036854775808");
  for (const char* part : {"/accumulators", "/subtasks/accumulators", "/flamegraph"})
    EXPECT_TRUE(get(vertex(part)).is_object());
}

TEST_F(RestApiTest, MetricsAreListedWithoutGetAndReadWithIt) {
  EXPECT_EQ(get(vertex("/metrics")).size(), 2 * 18u + 1 + 11);
  const Json one = get(vertex("/metrics"), {{"get", "0.numRecordsOut,0.map__x_.late"}});
  ASSERT_EQ(one.size(), 2u);
  EXPECT_EQ(one[0]["value"], "70");
  EXPECT_EQ(one[1]["value"], "5");
  EXPECT_EQ(get(vertex("/subtasks/0/metrics"), {{"get", "map__x_.delay_p99"}})[0]["value"], "5");
  const Json sums =
      get(vertex("/subtasks/metrics"), {{"get", "numRecordsOut,busyTimeMsPerSecond"}});
  EXPECT_EQ(sums[0]["id"], "busyTimeMsPerSecond");
  EXPECT_EQ(sums[1]["sum"], 100);
  EXPECT_EQ(sums[1]["min"], 30);
  EXPECT_EQ(sums[1]["max"], 70);
  const Json only = get(vertex("/subtasks/metrics"), {{"get", "numRecordsOut"}, {"agg", "max"}});
  EXPECT_EQ(only[0].size(), 2u);
  EXPECT_EQ(get(job("/metrics"), {{"get", "numRestarts"}})[0]["value"], "3");
  EXPECT_EQ(get(job("/metrics"), {{"get", "lastCheckpointSize"}})[0]["value"], "4096");
  EXPECT_EQ(get("/taskmanagers/w1/metrics", {{"get", "Status.JVM.CPU.Load"}})[0]["value"], "1.5");
  EXPECT_EQ(get("/jobmanager/metrics", {{"get", "taskSlotsTotal"}})[0]["value"], "2");
}

TEST_F(RestApiTest, CheckpointsHaveTheirHistory) {
  const Json body = get(job("/checkpoints"));
  EXPECT_EQ(body["counts"]["total"], 4);
  EXPECT_EQ(body["counts"]["completed"], 2);
  EXPECT_EQ(body["summary"]["state_size"]["max"], 4096);
  EXPECT_EQ(body["summary"]["processed_data"]["p99"], "NaN");
  EXPECT_EQ(body["latest"]["completed"]["external_path"], "hdfs://nn/c/chk-2");
  EXPECT_EQ(body["latest"]["failed"]["failure_message"], "the disk is full");
  EXPECT_TRUE(body["latest"]["restored"].is_null());
  ASSERT_EQ(body["history"].size(), 3u);
  EXPECT_EQ(body["history"][0]["status"], "IN_PROGRESS");
  EXPECT_EQ(body["history"][0]["latest_ack_timestamp"], -1);
  EXPECT_EQ(body["history"][2]["end_to_end_duration"], 70);
  EXPECT_EQ(body["history"][2]["tasks"].size(), 0u);
  EXPECT_EQ(get(job("/checkpoints/details/2"))["tasks"][kSource]["num_subtasks"], 2);
  EXPECT_EQ(get(job("/checkpoints/details/2/subtasks/") + kSource)["subtasks"].size(), 2u);
  const Json config = get(job("/checkpoints/config"));
  EXPECT_EQ(config["mode"], "exactly_once");
  EXPECT_EQ(config["unaligned_checkpoints"], false);
  EXPECT_EQ(send("GET", job("/checkpoints/details/99")).status, 404);
  job_.checkpoints = nullptr;
  EXPECT_EQ(send("GET", job("/checkpoints")).status, 404);
}

TEST_F(RestApiTest, ExceptionsAreTheNewestFirst) {
  const Json body = get(job("/exceptions"), {{"maxExceptions", "1"}});
  const Json& history = body["exceptionHistory"];
  ASSERT_EQ(history["entries"].size(), 1u);
  EXPECT_EQ(history["entries"][0]["taskName"], "map (1/2)");
  EXPECT_EQ(history["truncated"], true);
  EXPECT_EQ(send("GET", job("/exceptions"), "", {{"maxExceptions", "-1"}}).status, 400);
}

TEST_F(RestApiTest, WorkersHaveEveryNumberThatClientsRequire) {
  const Json body = get("/taskmanagers");
  ASSERT_EQ(body["taskmanagers"].size(), 1u);
  const Json& worker = body["taskmanagers"][0];
  EXPECT_EQ(worker["slotsNumber"], 2);
  EXPECT_EQ(worker["freeSlots"], 0);
  EXPECT_EQ(worker["dataPort"], 4711);
  EXPECT_EQ(worker["assignedTasks"], 3);
  EXPECT_EQ(get("/taskmanagers/w1")["metrics"]["heapUsed"], 5 << 20);
  EXPECT_EQ(send("GET", "/taskmanagers/w2").status, 404);
}

TEST_F(RestApiTest, WhatWeirDoesNotHaveIsAnErrorInASentence) {
  for (const auto& [method, path] : {std::pair<std::string, std::string>("POST", "/jobs"),
                                     {"POST", "/jars/upload"},
                                     {"DELETE", "/cluster"}}) {
    const RestReply reply = send(method, path, "{}");
    EXPECT_EQ(reply.status, 501) << path;
    EXPECT_GT(error_of(reply).size(), 20u);
  }
  EXPECT_EQ(error_of(send("GET", "/x")), "Unable to load requested file /x.");
  EXPECT_EQ(send("GET", "/").status, 404);
  EXPECT_EQ(send("OPTIONS", "/jobs/overview").status, 404);
  EXPECT_EQ(send("GET", "/jobs/xyz").status, 400);
  EXPECT_EQ(send("GET", cat("/jobs/", kSink)).status, 404);
  EXPECT_EQ(send("GET", job("/vertices/xyz")).status, 400);
  EXPECT_EQ(send("GET", job(cat("/vertices/", kJob))).status, 404);
  EXPECT_EQ(send("GET", vertex("/subtasks/2")).status, 404);
  EXPECT_EQ(send("GET", vertex("/subtasks/-1")).status, 404);
  EXPECT_EQ(send("GET", vertex("/subtasks/1x")).status, 400);
}

TEST_F(RestApiTest, HostileBodiesAreRefused) {
  const std::string deep(100'000, '[');
  for (const std::string& body :
       {std::string("[]"), std::string("{"), deep, std::string("\xff\xfe"),
        std::string(R"({"checkpointType":"ALL"})"), std::string(R"({"triggerId":"../../x"})")}) {
    EXPECT_EQ(send("POST", job("/checkpoints"), body).status, 400) << body.substr(0, 40);
  }
  EXPECT_TRUE(done_.empty());
}

TEST_F(RestApiTest, NamesThatAreNoTextDoNotCostTheAnswer) {
  job_.name = "\xff\xfe";
  EXPECT_EQ(send("GET", "/jobs/overview").status, 200);
}

TEST_F(RestApiTest, OneThatDoesNotLeadSaysSo) {
  leads_ = false;
  EXPECT_EQ(send("GET", "/jobs/overview").status, 503);
}

}  // namespace
}  // namespace weir::rest_tests
