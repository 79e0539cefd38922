#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "rest/rest_api.h"
#include "rest/testing/example_job.h"

namespace weir::rest_tests {

using Json = nlohmann::json;

class FakeClock final : public Clock {
 public:
  MonotonicTime now() const override { return time; }
  int64_t wall_ms() const override { return 0; }
  MonotonicTime time = std::chrono::hours(1);
};
class FakeRandom final : public Random {
 public:
  uint64_t next() override { return ++last_; }

 private:
  uint64_t last_ = 0;
};

class RestApiTest : public testing::Test {
 protected:
  RestReply call(RestRequest request) { return api_.handle(request); }
  RestReply send(const std::string& method, const std::string& path, const std::string& body = "",
                 std::map<std::string, std::string> query = {}) {
    RestRequest request;
    request.method = method;
    request.path = path;
    request.body = body;
    request.query = std::move(query);
    request.host = "localhost:8081";
    return call(request);
  }
  /// The body of a successful GET.
  Json get(const std::string& path, std::map<std::string, std::string> query = {}) {
    const RestReply reply = send("GET", path, "", std::move(query));
    EXPECT_EQ(reply.status, 200) << path << ": " << reply.body;
    return Json::parse(reply.body);
  }
  std::string error_of(const RestReply& reply) {
    const Json body = Json::parse(reply.body);
    EXPECT_EQ(body.size(), 1u) << "clients take a body for an error only if it is nothing else";
    return body["errors"][0];
  }
  static std::string job(const std::string& rest = "") { return cat("/jobs/", kJob, rest); }
  static std::string vertex(const std::string& rest = "") {
    return cat("/jobs/", kJob, "/vertices/", kSource, rest);
  }

  JobSnapshot job_ = example_job();
  bool leads_ = true;
  int canceled_ = 0;
  int observed_ = 0;
  std::vector<SnapshotFormat> formats_;
  std::vector<SavepointRequest> savepoints_;
  std::string disposed_;
  int slots_ = 0;
  std::vector<std::function<void(const StatusOr<CompletedCheckpoint>&)>> done_;
  FakeClock clock_;
  FakeRandom random_;
  RestRules rules_;
  RestApi api_{
      {.snapshot = [this] { return leads_ ? std::make_shared<const JobSnapshot>(job_) : nullptr; },
       .observe = [this] { ++observed_; },
       .cancel = [this] { ++canceled_; },
       .trigger_checkpoint =
           [this](SnapshotFormat format, auto done) {
             formats_.push_back(format);
             done_.push_back(std::move(done));
           },
       .trigger_savepoint =
           [this](SavepointRequest request, CheckpointDone done) {
             savepoints_.push_back(std::move(request));
             done_.push_back(std::move(done));
           },
       .rescale =
           [this](int slots, std::function<void(const Status&)> done) {
             slots_ = slots;
             done(slots == 9 ? failed_precondition("it takes no checkpoints") : Status());
           },
       .dispose_savepoint =
           [this](const std::string& uri, std::function<void(Status)> done) {
             disposed_ += uri + " ";
             done(uri == "/s/x" ? not_found("there is none") : Status());
           },
       .own_figures = [] { return ProcessFigures{5 << 20, 2500, 12, 6}; },
       .own_text = [](ProcessText what) { return cat("own ", static_cast<int>(what)); },
       .worker_text =
           [](const std::string& worker, ProcessText what, const auto& done) {
             if (worker == "w1") return done(cat("of ", worker, " ", static_cast<int>(what)));
             done(unavailable("the worker was lost"));
           }},
      rules_,
      clock_,
      random_};
};

}  // namespace weir::rest_tests
