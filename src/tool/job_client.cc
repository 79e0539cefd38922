#include "tool/job_client.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/status_macros.h"
#include "base/strings.h"
#include "config/secret_file.h"
#include "fs/real_registry.h"
#include "platform/wakeup.h"

namespace weir::tool {
namespace {

constexpr int64_t kBytesMax = 64 << 20;

/// The reason in the body of an error.
std::string reason_in(const HttpReply& reply) {
  const auto body = nlohmann::json::parse(reply.body, nullptr, /*allow_exceptions=*/false);
  if (body.is_object() && body.contains("errors") && body["errors"].is_array() &&
      !body["errors"].empty() && body["errors"][0].is_string())
    return body["errors"][0].get<std::string>();
  return cat("it answers with the status ", reply.status);
}

}  // namespace

StatusOr<JobClient> JobClient::from(const Arguments& arguments) {
  std::string url = arguments.option("rest", process_environment("WEIR_REST").value_or(""));
  if (url.empty()) {
    return invalid_argument(
        "where does the job's REST interface listen? Give --rest http://HOST:PORT, or set "
        "WEIR_REST");
  }
  if (url.find("://") == std::string::npos) url = "http://" + url;
  while (url.ends_with('/')) url.pop_back();
  CurlHttpOptions options;
  const std::string token =
      arguments.option("token-file", process_environment("WEIR_REST_TOKEN_FILE").value_or(""));
  if (!token.empty()) {
    WEIR_ASSIGN_OR_RETURN(const std::string secret, read_secret_file("--token-file", token));
    options.headers.push_back(cat("Authorization: Bearer ", secret));
  }
  return JobClient(std::move(url), std::move(options));
}

StatusOr<std::string> JobClient::answer(HttpReply reply) const {
  if (reply.outcome != HttpReply::Outcome::kAnswered)
    return unavailable(cat("no job answers at ", url_, ": ", reply.problem));
  if (reply.status == 503) return unavailable(cat(url_, ": ", reason_in(reply)));
  if (reply.status < 200 || reply.status > 299) return failed_precondition(reason_in(reply));
  if (!nlohmann::json::accept(reply.body))
    return failed_precondition(cat(url_, " does not answer as a job: its answer is no JSON"));
  return std::move(reply.body);
}

StatusOr<std::string> JobClient::get(const std::string& path) {
  return answer(http_->send(HttpMethod::kGet, url_ + path, kBytesMax));
}
StatusOr<std::string> JobClient::post(const std::string& path, const std::string& body) {
  return answer(http_->post(url_ + path, "application/json", body, kBytesMax));
}
StatusOr<std::string> JobClient::put(const std::string& path, const std::string& body) {
  return answer(http_->put(url_ + path, "application/json", body, kBytesMax));
}
StatusOr<std::string> JobClient::patch(const std::string& path) {
  return answer(http_->patch(url_ + path, kBytesMax));
}

StatusOr<std::string> JobClient::job_of(const Arguments& arguments) {
  if (!arguments.operands.empty()) return arguments.operands[0];
  WEIR_ASSIGN_OR_RETURN(const std::string body, get("/jobs"));
  const auto jobs = nlohmann::json::parse(body, nullptr, false);
  if (!jobs.is_object() || !jobs.contains("jobs") || jobs["jobs"].size() != 1)
    return failed_precondition(cat(url_, " has not exactly one job: name the job by its id"));
  return jobs["jobs"][0].value("id", "");
}

StatusOr<std::string> JobClient::operate(const std::string& path, const std::string& body,
                                         const std::string& poll) {
  WEIR_ASSIGN_OR_RETURN(const std::string begun, post(path, body));
  const std::string id = nlohmann::json::parse(begun, nullptr, false).value("request-id", "");
  auto pause = std::chrono::milliseconds(20);
  Wakeup nobody;
  constexpr auto kPauseMax = std::chrono::milliseconds(1000);
  for (;;) {
    WEIR_ASSIGN_OR_RETURN(const std::string state, get(cat(poll, "/", id)));
    const auto json = nlohmann::json::parse(state, nullptr, false);
    if (json.is_object() && json.contains("status") &&
        json["status"].value("id", "") == "COMPLETED") {
      const auto operation = json.value("operation", nlohmann::json::object());
      // Flink's own failures, as Java objects.
      for (const char* failure : {"failure-cause", "failureCause"}) {
        if (operation.contains(failure))
          return failed_precondition(operation[failure].value("stack-trace", "it has failed"));
      }
      return operation.dump();
    }
    nobody.wait(pause);
    pause = std::min(pause * 2, kPauseMax);
  }
}

}  // namespace weir::tool
