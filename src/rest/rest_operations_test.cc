// Requests that change the job.

#include "rest/rest_api.h"
#include "rest/testing/rest_api_fixture.h"

namespace weir::rest_tests {
namespace {

TEST_F(RestApiTest, CancelIsAccepted) {
  const RestReply reply = send("PATCH", "/v1" + job(), "", {{"mode", "cancel"}});
  EXPECT_EQ(reply.status, 202);
  EXPECT_EQ(reply.body, "{}");
  EXPECT_EQ(canceled_, 1);
  EXPECT_EQ(send("PATCH", job(), "", {{"mode", "stop"}}).status, 308);
  EXPECT_EQ(send("PATCH", job(), "", {{"mode", "x"}}).status, 400);
  job_.state = "FINISHED";
  EXPECT_EQ(send("PATCH", job()).status, 409);
  EXPECT_EQ(canceled_, 1);
}

TEST_F(RestApiTest, ACheckpointIsTriggeredAndPolled) {
  const RestReply begun =
      send("POST", job("/checkpoints"), R"({"checkpointType":"FULL","triggerId":null})");
  EXPECT_EQ(begun.status, 202);
  const std::string id = Json::parse(begun.body)["request-id"];
  EXPECT_EQ(id.size(), 32u);
  EXPECT_EQ(formats_, std::vector<SnapshotFormat>{SnapshotFormat::kFull});
  EXPECT_EQ(get(job("/checkpoints/") + id)["status"]["id"], "IN_PROGRESS");
  EXPECT_TRUE(get(job("/checkpoints/") + id)["operation"].is_null());
  CompletedCheckpoint checkpoint;
  checkpoint.id = 17;
  done_[0](checkpoint);
  const Json done = get(job("/checkpoints/") + id);
  EXPECT_EQ(done["status"]["id"], "COMPLETED");
  EXPECT_EQ(done["operation"]["checkpointId"], 17);
  clock_.time += std::chrono::minutes(6);
  EXPECT_EQ(send("GET", job("/checkpoints/") + id).status, 404);
}

TEST_F(RestApiTest, AFailedCheckpointIsAnErrorWithItsReason) {
  const std::string id = Json::parse(send("POST", job("/checkpoints"), "{}").body)["request-id"];
  done_[0](aborted("the disk is full"));
  const RestReply reply = send("GET", job("/checkpoints/") + id);
  EXPECT_EQ(reply.status, 500);
  EXPECT_EQ(error_of(reply), "the disk is full");
}

TEST_F(RestApiTest, ASavepointIsTriggeredAndPolled) {
  const RestReply begun = send(
      "POST", job("/savepoints"),
      R"({"target-directory":"/s","cancel-job":false,"formatType":"NATIVE","triggerId":null})");
  EXPECT_EQ(begun.status, 202);
  const std::string id = Json::parse(begun.body)["request-id"];
  ASSERT_EQ(savepoints_.size(), 1u);
  EXPECT_EQ(savepoints_[0].directory, "/s");
  EXPECT_EQ(savepoints_[0].format, SnapshotFormat::kNative);
  EXPECT_EQ(savepoints_[0].stop, StopMode::kNone);
  EXPECT_EQ(get(job("/savepoints/") + id)["status"]["id"], "IN_PROGRESS");
  EXPECT_FALSE(api_.has_unread_outcome());
  CompletedCheckpoint savepoint;
  savepoint.savepoint = "file:///s/savepoint-1";
  done_[0](savepoint);
  EXPECT_TRUE(api_.has_unread_outcome());
  EXPECT_EQ(send("GET", job("/checkpoints/") + id).status, 404) << "it is no checkpoint";
  EXPECT_TRUE(api_.has_unread_outcome());
  const Json done = get("/v1" + job("/savepoints/") + id);
  EXPECT_EQ(done["status"]["id"], "COMPLETED");
  EXPECT_EQ(done["operation"]["location"], "file:///s/savepoint-1");
  EXPECT_FALSE(api_.has_unread_outcome());
  EXPECT_EQ(canceled_, 0);
}

TEST_F(RestApiTest, ACanceledJobIsCanceledOnlyIfItsSavepointIsComplete) {
  const std::string body = R"({"target-directory":"/s","cancel-job":true})";
  send("POST", job("/savepoints"), body);
  done_[0](aborted("the disk is full"));
  EXPECT_EQ(canceled_, 0);
  send("POST", job("/savepoints"), body);
  done_[1](CompletedCheckpoint{});
  EXPECT_EQ(canceled_, 1);
}

TEST_F(RestApiTest, AStopSaysWhetherItDrains) {
  send("POST", job("/stop"), R"({"targetDirectory":"/s","drain":true})");
  send("POST", job("/stop"), R"({"targetDirectory":"/s","drain":false})");
  ASSERT_EQ(savepoints_.size(), 2u);
  EXPECT_EQ(savepoints_[0].stop, StopMode::kDrain);
  EXPECT_EQ(savepoints_[1].stop, StopMode::kSuspend);
  EXPECT_EQ(savepoints_[1].directory, "/s");
}

TEST_F(RestApiTest, ASavepointNeedsADirectoryAndAKnownFormat) {
  for (const char* path : {"/savepoints", "/stop"}) {
    const RestReply reply = send("POST", job(path), "{}");
    EXPECT_EQ(reply.status, 400);
    EXPECT_EQ(error_of(reply),
              "Config key [execution.checkpointing.savepoint-dir] is not set. Property "
              "[target-directory] must be provided.");
    EXPECT_EQ(send("POST", job(path), R"({"formatType":"ODD"})").status, 400);
    EXPECT_EQ(send("POST", job(path), "[").status, 400);
  }
  EXPECT_TRUE(savepoints_.empty());
}

TEST_F(RestApiTest, AJobIsRescaled) {
  for (JobSnapshot::Vertex& vertex : job_.vertices) vertex.program_parallelism = 10;
  job_.slots_wanted = 4;
  const std::string path = job("/resource-requirements");
  const Json now = get(path);
  ASSERT_EQ(now.size(), job_.vertices.size());
  EXPECT_EQ(now[kSource]["parallelism"]["lowerBound"], 1);
  EXPECT_EQ(now[kSource]["parallelism"]["upperBound"], 4);
  const auto put = [&](const std::string& body) {
    RestReply reply = send("PUT", path, body);
    if (reply.later) reply.later([&](RestReply later) { reply = std::move(later); });
    return reply;
  };
  const auto all = [&](int bound) {
    Json body;
    for (const JobSnapshot::Vertex& vertex : job_.vertices)
      body[vertex.id]["parallelism"] = {{"lowerBound", 1}, {"upperBound", bound}};
    return body;
  };
  EXPECT_EQ(put(all(2).dump()).status, 200);
  EXPECT_EQ(slots_, 2);
  const RestReply refused = put(all(9).dump());
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(error_of(refused), "it takes no checkpoints");
  Json uneven = all(3);
  uneven[kSource]["parallelism"]["upperBound"] = 2;
  for (const std::string& body :
       {std::string(), std::string("[]"), std::string("{}"), uneven.dump(),
        std::string(R"({"x":{}})"), all(0).dump(), cat("{\"", kSource, "\":{}}")}) {
    EXPECT_EQ(put(body).status, 400) << body;
  }
  EXPECT_EQ(slots_, 9);
}

TEST_F(RestApiTest, ASavepointIsDisposedOf) {
  const RestReply begun = send("POST", "/savepoint-disposal", R"({"savepoint-path":"/s/1"})");
  EXPECT_EQ(begun.status, 200) << "as in Flink";
  const std::string id = Json::parse(begun.body)["request-id"];
  const Json done = get("/savepoint-disposal/" + id);
  EXPECT_EQ(done["status"]["id"], "COMPLETED");
  EXPECT_TRUE(done["operation"].empty() && done["operation"].is_object());
  const std::string failed = Json::parse(
      send("POST", "/savepoint-disposal", R"({"savepoint-path":"/s/x"})").body)["request-id"];
  EXPECT_EQ(error_of(send("GET", "/savepoint-disposal/" + failed)), "there is none");
  EXPECT_EQ(disposed_, "/s/1 /s/x ");
  EXPECT_EQ(send("POST", "/savepoint-disposal", "{}").status, 400);
}

TEST_F(RestApiTest, AChosenTriggerIdMakesTheCallIdempotent) {
  const std::string body = cat(R"({"triggerId":")", kSink, R"("})");
  for (int i = 0; i < 2; ++i) {
    const RestReply reply = send("POST", job("/checkpoints"), body);
    EXPECT_EQ(reply.status, 202);
    EXPECT_EQ(Json::parse(reply.body)["request-id"], kSink);
  }
  EXPECT_EQ(done_.size(), 1u);
}

TEST_F(RestApiTest, TooManyOperationsAreRefused) {
  int status = 202;
  for (int i = 0; i < 2000 && status == 202; ++i) status = send("POST", job("/checkpoints")).status;
  EXPECT_EQ(status, 429);
}

TEST_F(RestApiTest, OtherMachinesMayOnlyRead) {
  RestRequest request;
  request.host = "10.0.0.7:8081";
  request.from_loopback = false;
  request.path = "/jobs/overview";
  EXPECT_EQ(call(request).status, 200);
  request.method = "PATCH";
  request.path = job();
  EXPECT_EQ(call(request).status, 403);
  EXPECT_EQ(canceled_, 0);
}

TEST_F(RestApiTest, OtherMachinesMayNotCancelByGetEither) {
  RestRequest request;
  request.host = "10.0.0.7:8081";
  request.path = job("/yarn-cancel");
  request.fetch_site = "same-origin";
  request.from_loopback = false;
  EXPECT_EQ(call(request).status, 403);
  EXPECT_EQ(canceled_, 0);
  request.from_loopback = true;
  EXPECT_EQ(call(request).status, 202);
  EXPECT_EQ(canceled_, 1);
}

}  // namespace
}  // namespace weir::rest_tests
