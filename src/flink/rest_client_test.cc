#include "flink/rest_client.h"

#include <gtest/gtest.h>

#include "base/strings.h"
#include "flink/test_http.h"

namespace weir {
namespace {

std::string config(const std::string& version,
                   const std::string& features = R"("web-submit":true)") {
  return R"({"flink-version":")" + version + R"(","features":{)" + features + "}}";
}

FakeHttp cluster_of(const std::string& version) {
  FakeHttp http;
  http.replies["GET http://h:1/config"] = answer(200, config(version));
  http.replies["GET http://h:1/overview"] =
      answer(200, R"({"taskmanagers":2,"slots-total":4,"slots-available":3})");
  http.replies["GET http://h:1/jobmanager/config"] =
      answer(200, R"([{"key":"rest.port","value":"1"}])");
  http.replies["GET http://h:1/jobs/overview"] = answer(
      200,
      R"({"jobs":[{"name":"flights","state":"RUNNING"},{"name":"old","state":"FINISHED"},{"name":"new","state":"INITIALIZING"}]})");
  return http;
}

FlinkRest at(FakeHttp& http) { return FlinkRest::at(http, "http://h:1/").value(); }

TEST(FlinkRest, InvalidAddressIsRefused) {
  FakeHttp http;
  for (const char* url : {"", "h:8081", "hdfs://h:8020", "http://", "http:///", "http://a b",
                          "http://h:1/?x", "ftp://h"}) {
    EXPECT_EQ(FlinkRest::at(http, url).status().code(), StatusCode::kInvalidArgument) << url;
  }
  EXPECT_EQ(FlinkRest::at(http, "https://h:1/proxy/app_1/")->url(), "https://h:1/proxy/app_1");
}

TEST(FlinkRest, DescribesTheCluster) {
  FakeHttp http = cluster_of("1.20.1");
  const auto cluster = at(http).cluster();
  ASSERT_TRUE(cluster.ok()) << cluster.status().message();
  EXPECT_EQ(cluster->version, "1.20.1");
  EXPECT_TRUE(cluster->uploads);
  EXPECT_EQ(cluster->task_managers, 2);
  EXPECT_EQ(cluster->slots, 4);
  EXPECT_EQ(cluster->free_slots, 3);
  EXPECT_FALSE(cluster->grows);
  EXPECT_FALSE(cluster->adaptive);
  EXPECT_EQ(cluster->running, (std::vector<std::string>{"flights", "new"}));
}

TEST(FlinkRest, RecognizesClustersThatGrowAndThoseThatTakeNoJars) {
  FakeHttp http = cluster_of("2.3.0");
  http.replies["GET http://h:1/config"] = answer(200, config("2.3.0", R"("web-submit":false)"));
  http.replies["GET http://h:1/jobmanager/config"] = answer(
      200,
      R"([{"key":"execution.target","value":"kubernetes-session"},{"key":"jobmanager.scheduler","value":"adaptive"}])");
  const auto cluster = at(http).cluster();
  ASSERT_TRUE(cluster.ok()) << cluster.status().message();
  EXPECT_FALSE(cluster->uploads);
  EXPECT_TRUE(cluster->grows);
  EXPECT_TRUE(cluster->adaptive);
}

TEST(FlinkRest, UnreachableClusterIsUnavailable) {
  FakeHttp http;
  http.replies["GET http://h:1/config"] = {HttpReply::Outcome::kNotSent, "connection refused", 0,
                                           "", ""};
  const Status status = at(http).cluster().status();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_NE(status.message().find("no Flink cluster answers at http://h:1: connection refused"),
            std::string::npos)
      << status.message();
}

TEST(FlinkRest, OtherServersAreRefused) {
  for (const HttpReply& reply :
       {answer(404, "<html>NameNode</html>"), answer(200, "<html>hello</html>"), answer(200, "{}"),
        answer(200, "[1]")}) {
    FakeHttp http;
    http.replies["GET http://h:1/config"] = reply;
    const Status status = at(http).cluster().status();
    EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
    EXPECT_NE(status.message().find("what answers at http://h:1 is no Flink cluster"),
              std::string::npos)
        << status.message();
  }
}

TEST(FlinkRest, HistoryServerIsRefused) {
  FakeHttp http = cluster_of("2.3.0");
  http.replies["GET http://h:1/config"] = answer(200, config("2.3.0", R"("web-history":true)"));
  EXPECT_NE(at(http).cluster().status().message().find("history server"), std::string::npos);
}

TEST(FlinkRest, OldFlinkIsRefusedByItsVersion) {
  FakeHttp http = cluster_of("1.19.1");
  EXPECT_EQ(
      at(http).cluster().status().message(),
      "http://h:1: this is Flink 1.19.1, which is too old: weir's jobs run in Flink 1.20 and 2.x");
}

TEST(FlinkVersion, From120ToAll2xIsAccepted) {
  for (const char* good : {"1.20.0", "1.20.1-vendor2", "1.21-SNAPSHOT", "2.0.0", "2.3.0", "2.10"})
    EXPECT_TRUE(check_flink_version(good).ok()) << good;
  for (const char* bad : {"1.19.9", "1.2.0", "0.9", "3.0.0", "", "unknown", "1.x"}) {
    EXPECT_EQ(check_flink_version(bad).code(), StatusCode::kFailedPrecondition) << bad;
  }
}

TEST(FlinkRest, UploadsAJarAsAForm) {
  FakeHttp http;
  http.replies["POST http://h:1/jars/upload"] = answer(
      200, R"({"filename":"/tmp/web/flink-web-upload/0a-1b_flights.jar","status":"success"})");
  const auto id = at(http).upload("flights.jar", "the weir-jar bytes");
  ASSERT_TRUE(id.ok()) << id.status().message();
  EXPECT_EQ(*id, "0a-1b_flights.jar");
  EXPECT_EQ(
      http.posted,
      "multipart/form-data; boundary=weir-jar-0\n"
      "--weir-jar-0\r\nContent-Disposition: form-data; name=\"jarfile\"; "
      "filename=\"flights.jar\"\r\n"
      "Content-Type: application/java-archive\r\n\r\nthe weir-jar bytes\r\n--weir-jar-0--\r\n");
}

TEST(FlinkRest, UploadThatIsTooLargeNamesTheSettingToRaise) {
  FakeHttp http;
  http.replies["POST http://h:1/jars/upload"] = answer(413, "");
  EXPECT_NE(at(http).upload("a.jar", "x").status().message().find("rest.server.max-content-length"),
            std::string::npos);
}

TEST(FlinkRest, RunsAJarFreshOrFromASavepoint) {
  FakeHttp http;
  http.replies["POST http://h:1/jars/a.jar/run"] = answer(200, R"({"jobid":"0123"})");
  EXPECT_EQ(at(http).run("a.jar", {"weir.flink.JobMain", 2, "", true}).value(), "0123");
  EXPECT_EQ(http.posted,
            "application/json\n{\"entryClass\":\"weir.flink.JobMain\",\"parallelism\":2}");
  EXPECT_EQ(at(http).run("a.jar", {"weir.flink.JobMain", 2, "hdfs://nn/s", true}).value(), "0123");
  EXPECT_EQ(http.posted,
            "application/"
            "json\n{\"allowNonRestoredState\":true,\"entryClass\":\"weir.flink.JobMain\","
            "\"parallelism\":2,\"savepointPath\":\"hdfs://nn/s\"}");
}

TEST(FlinkRest, RefusalIsReducedToItsCause) {
  FakeHttp http;
  http.replies["POST http://h:1/jars/a.jar/run"] = answer(
      500,
      R"({"errors":["Internal server error.","<Exception on server side:\njava.util.concurrent.CompletionException: org.apache.flink.X: could)"
      R"( not\n\tat a.b(C.java:1)\nCaused by: java.lang.IllegalStateException: the jar is for aarch64\n\tat d.e(F.java:2)\n\t... 3 more\n\nEnd of)"
      R"( exception on server side>"]})");
  EXPECT_EQ(at(http).run("a.jar", {}).status().message(),
            "http://h:1 refuses to run the job (HTTP 500): the jar is for aarch64");
}

TEST(RootCause, IsTheMessageOfTheLastCause) {
  EXPECT_EQ(root_cause("org.apache.flink.JobException: Recovery is suppressed\n\tat x\nCaused by: "
                       "weir.flink.ChainFailure: operator 'map' threw: a: b\n"
                       "second line\n\tat y\n"),
            "operator 'map' threw: a: b\nsecond line");
  EXPECT_EQ(root_cause("just text: with a colon"), "just text: with a colon");
  EXPECT_EQ(root_cause("java.lang.NullPointerException\n\tat a"), "java.lang.NullPointerException");
  EXPECT_EQ(root_cause(""), "");
}

TEST(FlinkRest, ReportsAJobsProgress) {
  FakeHttp http;
  http.replies["GET http://h:1/jobs/7"] = answer(200, R"({"state":"RUNNING","vertices":[
    {"name":"Source: in -> map","parallelism":2,"tasks":{"RUNNING":1,"FINISHED":1},"metrics":{"write-records":100}},
    {"name":"count -> out","parallelism":2,"tasks":{"RUNNING":1,"DEPLOYING":1},"metrics":{"write-records":7}}]})");
  const auto job = at(http).job("7");
  ASSERT_TRUE(job.ok()) << job.status().message();
  EXPECT_EQ(job->state, "RUNNING");
  EXPECT_EQ(job->source_records, 100);
  EXPECT_EQ(job->tasks, 4);
  EXPECT_EQ(job->running_tasks, 3);
  EXPECT_FALSE(job->ended());
  EXPECT_EQ(at(http).job("8").status().code(), StatusCode::kNotFound);
}

TEST(FlinkRest, ReportsCheckpointsIfAny) {
  FakeHttp http;
  http.replies["GET http://h:1/jobs/7/checkpoints"] = answer(
      200,
      R"({"counts":{"completed":3},"latest":{"completed":{"id":4,"state_size":99,"external_path":"hdfs://nn/c/chk-4"}}})");
  const auto some = at(http).checkpoints("7");
  EXPECT_EQ(some->completed, 3);
  EXPECT_EQ(some->last_id, 4);
  EXPECT_EQ(some->last_bytes, 99);
  EXPECT_EQ(some->last_path, "hdfs://nn/c/chk-4");
  http.replies["GET http://h:1/jobs/7/checkpoints"] =
      answer(200, R"({"counts":{"completed":0},"latest":{"completed":null}})");
  EXPECT_EQ(at(http).checkpoints("7")->last_id, 0);
}

TEST(FlinkRest, ReportsWhyAJobFailed) {
  FakeHttp http;
  http.replies["GET http://h:1/jobs/7/exceptions"] = answer(
      200,
      R"json({"exceptionHistory":{"entries":[{"taskName":"count (1/2)","stacktrace":"a.B: gave up\n\tat c\nCaused by: d.E: the sentence\n\tat f"},{}]}})json");
  EXPECT_EQ(at(http).failure("7").value(), "count (1/2): the sentence");
}

}  // namespace
}  // namespace weir
