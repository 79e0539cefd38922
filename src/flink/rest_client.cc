#include "flink/rest_client.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/status_macros.h"
#include "base/strings.h"
#include "config/value_text.h"

namespace weir {
namespace {

using Json = nlohmann::json;

constexpr int64_t kAnswerBytesMax = 64 << 20;
constexpr int kNotFound = 404;
constexpr int kTooLarge = 413;

Json parse(const std::string& text) { return Json::parse(text, nullptr, false); }

/// A member of a JSON value, or `otherwise` if it is missing or of another type.
template <class V>
V member(const Json& json, const char* name, V otherwise) {
  if (!json.is_object()) return otherwise;
  const auto found = json.find(name);
  if (found == json.end()) return otherwise;
  if constexpr (std::is_same_v<V, std::string>)
    return found->is_string() ? found->get<std::string>() : otherwise;
  else if constexpr (std::is_same_v<V, bool>)
    return found->is_boolean() ? found->get<bool>() : otherwise;
  else if constexpr (std::is_same_v<V, Json>) return *found;
  else return found->is_number() ? found->get<V>() : otherwise;
}

/// Flink's reason in an answer that refuses: {"errors": ["Internal server error.", "<Exception on
/// server side: …"]}.
std::string refusal(const std::string& body) {
  const Json errors = member(parse(body), "errors", Json());
  std::string text;
  if (errors.is_array()) {
    for (const Json& error : errors) {
      if (error.is_string()) text = error.get<std::string>();
    }
  }
  if (text.empty()) return std::string(trim(body.substr(0, 200)));
  return root_cause(text);
}

}  // namespace

StatusOr<FlinkRest> FlinkRest::at(Http& http, const std::string& url) {
  std::string_view rest = url;
  while (rest.ends_with('/')) rest.remove_suffix(1);
  const size_t scheme = rest.find("://");
  if ((!rest.starts_with("http://") && !rest.starts_with("https://")) ||
      rest.size() == scheme + 3 || rest.find_first_of(" ?#", scheme) != std::string_view::npos) {
    return invalid_argument(cat("--rest: '", url,
                                "' is not the address of a Flink cluster; write http://HOST:PORT, "
                                "most often with port 8081"));
  }
  return FlinkRest(http, std::string(rest));
}

StatusOr<std::string> FlinkRest::answer(const std::string& what, const HttpReply& reply) const {
  if (reply.outcome == HttpReply::Outcome::kNotSent) {
    return unavailable(cat("no Flink cluster answers at ", url_, ": ", reply.problem,
                           "; is it running, and is the address right (--rest)?"));
  }
  if (reply.outcome == HttpReply::Outcome::kUnknown) {
    return unavailable(
        cat(url_, " did not answer when it was asked to ", what, ": ", reply.problem));
  }
  if (reply.status == kTooLarge) {
    return failed_precondition(
        cat(url_, " does not take so large a request: raise rest.server.max-content-length there"));
  }
  if (reply.status < 200 || reply.status >= 300) {
    const std::string reason = refusal(reply.body);
    Status status = failed_precondition(cat(url_, " refuses to ", what, " (HTTP ", reply.status,
                                            reason.empty() ? ")" : "): ", reason));
    return reply.status == kNotFound ? not_found(std::string(status.message())) : status;
  }
  return reply.body;
}

StatusOr<std::string> FlinkRest::get(const std::string& path) const {
  return answer(cat("show ", path), http_->send(HttpMethod::kGet, url_ + path, kAnswerBytesMax));
}

StatusOr<FlinkCluster> FlinkRest::cluster() const {
  FlinkCluster cluster;
  const auto config = get("/config");
  if (config.status().code() == StatusCode::kUnavailable) return config.status();
  const Json config_json = config.ok() ? parse(*config) : Json();
  cluster.version = member(config_json, "flink-version", std::string());
  if (cluster.version.empty()) {
    return failed_precondition(cat("what answers at ", url_,
                                   " is no Flink cluster: it has no /config with a version. Give "
                                   "--rest the address of a JobManager's REST "
                                   "server, http://HOST:8081 if it was not changed"));
  }
  const Json features = member(config_json, "features", Json());
  cluster.uploads = member(features, "web-submit", true);
  if (member(features, "web-history", false)) {
    return failed_precondition(cat(url_,
                                   " is a history server of Flink's, which runs no jobs; give "
                                   "--rest the address of a JobManager"));
  }
  WEIR_RETURN_IF_ERROR(check_flink_version(cluster.version).with_context(url_));

  WEIR_ASSIGN_OR_RETURN(const std::string overview, get("/overview"));
  const Json overview_json = parse(overview);
  cluster.task_managers = member(overview_json, "taskmanagers", 0);
  cluster.slots = member(overview_json, "slots-total", 0);
  cluster.free_slots = member(overview_json, "slots-available", 0);

  WEIR_ASSIGN_OR_RETURN(const std::string settings, get("/jobmanager/config"));
  for (const Json& setting : parse(settings)) {
    const auto key = member(setting, "key", std::string());
    const auto value = member(setting, "value", std::string());
    if (key == "kubernetes.cluster-id" || key == "yarn.application.id" ||
        key.starts_with("internal.cluster.execution-mode.yarn") ||
        (key == "execution.target" &&
         (value.starts_with("yarn") || value.starts_with("kubernetes")))) {
      cluster.grows = true;
    }
    if ((key == "jobmanager.scheduler" && value == "adaptive") ||
        (key == "scheduler-mode" && value == "reactive"))
      cluster.adaptive = true;
  }

  WEIR_ASSIGN_OR_RETURN(const std::string jobs, get("/jobs/overview"));
  for (const Json& job : member(parse(jobs), "jobs", Json::array())) {
    const FlinkJob state{.state = member(job, "state", std::string())};
    if (!state.ended()) cluster.running.push_back(member(job, "name", std::string()));
  }
  return cluster;
}

StatusOr<std::string> FlinkRest::upload(const std::string& name, std::string_view jar) const {
  std::string boundary = "weir-jar";
  while (jar.find(boundary) != std::string_view::npos) boundary += "-0";
  std::string body =
      cat("--", boundary, "\r\nContent-Disposition: form-data; name=\"jarfile\"; filename=\"", name,
          "\"\r\nContent-Type: application/java-archive\r\n\r\n");
  body.reserve(body.size() + jar.size() + boundary.size() + 16);
  body.append(jar).append("\r\n--").append(boundary).append("--\r\n");
  WEIR_ASSIGN_OR_RETURN(
      const std::string reply,
      answer("take the job's jar",
             http_->post(url_ + "/jars/upload", "multipart/form-data; boundary=" + boundary, body,
                         kAnswerBytesMax)));
  const auto path = member(parse(reply), "filename", std::string());
  if (path.empty())
    return failed_precondition(
        cat(url_, " took the job's jar but does not name it: ", reply.substr(0, 200)));
  return path.substr(path.rfind('/') + 1);
}

StatusOr<std::string> FlinkRest::run(const std::string& jar, const FlinkRun& run) const {
  Json request = {{"entryClass", run.entry_class}, {"parallelism", run.parallelism}};
  if (!run.savepoint.empty()) {
    request["savepointPath"] = run.savepoint;
    request["allowNonRestoredState"] = run.allow_non_restored_state;
  }
  const std::string body = request.dump(-1, ' ', false, Json::error_handler_t::replace);
  WEIR_ASSIGN_OR_RETURN(
      const std::string reply,
      answer("run the job", http_->post(cat(url_, "/jars/", jar, "/run"), "application/json", body,
                                        kAnswerBytesMax)));
  const auto id = member(parse(reply), "jobid", std::string());
  if (id.empty())
    return failed_precondition(
        cat(url_, " has accepted the job but does not name it: ", reply.substr(0, 200)));
  return id;
}

Status FlinkRest::remove(const std::string& jar) const {
  return answer("remove the job's jar",
                http_->send(HttpMethod::kDelete, cat(url_, "/jars/", jar), kAnswerBytesMax))
      .status();
}

StatusOr<FlinkJob> FlinkRest::job(const std::string& id) const {
  WEIR_ASSIGN_OR_RETURN(const std::string reply, get(cat("/jobs/", id)));
  const Json json = parse(reply);
  FlinkJob job;
  job.state = member(json, "state", std::string());
  if (job.state.empty())
    return failed_precondition(cat(url_, " does not tell the state of job ", id));
  for (const Json& vertex : member(json, "vertices", Json::array())) {
    const int parallelism = member(vertex, "parallelism", 0);
    job.tasks += parallelism;
    job.running_tasks += member(member(vertex, "tasks", Json()), "RUNNING", 0) +
                         member(member(vertex, "tasks", Json()), "FINISHED", 0);
    if (member(vertex, "name", std::string()).starts_with("Source: ")) {
      job.source_records += member(member(vertex, "metrics", Json()), "write-records", int64_t{0});
    }
  }
  return job;
}

StatusOr<FlinkCheckpoints> FlinkRest::checkpoints(const std::string& job) const {
  WEIR_ASSIGN_OR_RETURN(const std::string reply, get(cat("/jobs/", job, "/checkpoints")));
  const Json json = parse(reply);
  FlinkCheckpoints checkpoints;
  checkpoints.completed = member(member(json, "counts", Json()), "completed", int64_t{0});
  const Json last = member(member(json, "latest", Json()), "completed", Json());
  checkpoints.last_id = member(last, "id", int64_t{0});
  checkpoints.last_bytes = member(last, "state_size", int64_t{0});
  checkpoints.last_path = member(last, "external_path", std::string());
  return checkpoints;
}

StatusOr<std::string> FlinkRest::failure(const std::string& job) const {
  WEIR_ASSIGN_OR_RETURN(const std::string reply, get(cat("/jobs/", job, "/exceptions")));
  const Json json = parse(reply);
  const Json entries = member(member(json, "exceptionHistory", Json()), "entries", Json::array());
  if (!entries.empty()) {
    const std::string task = member(entries[0], "taskName", std::string());
    const std::string cause = root_cause(member(entries[0], "stacktrace", std::string()));
    return task.empty() ? cause : cat(task, ": ", cause);
  }
  return root_cause(member(json, "root-exception", std::string("Flink does not say why")));
}

Status check_flink_version(std::string_view version) {
  const auto parts = split(version, '.');
  const auto number = [&](size_t i) -> int64_t {
    if (i >= parts.size()) return -1;
    const auto digits = parts[i].substr(0, parts[i].find_first_not_of("0123456789"));
    const auto parsed = parse_int(digits);
    return parsed.ok() ? *parsed : -1;
  };
  const int64_t major = number(0), minor = number(1);
  if ((major == 1 && minor >= 20) || major == 2) return {};
  if (major == 0 || major == 1)
    return failed_precondition(cat("this is Flink ", version,
                                   ", which is too old: weir's jobs run in Flink 1.20 and 2.x"));
  return failed_precondition(
      cat("this is Flink ", version,
          ", which this weir does not know: its jobs run in Flink 1.20 and 2.x"));
}

std::string root_cause(std::string_view trace) {
  static constexpr std::string_view kCausedBy = "Caused by: ";
  // Flink shows a server-side exception as "<Exception on server side:\n…\nEnd of exception on
  // server side>".
  if (const size_t end = trace.find("End of exception on server side>");
      end != std::string_view::npos)
    trace = trace.substr(0, end);
  if (const size_t start = trace.find("<Exception on server side:");
      start != std::string_view::npos)
    trace = trace.substr(trace.find('\n', start) + 1);
  const size_t cause = trace.rfind(kCausedBy);
  if (cause != std::string_view::npos) trace = trace.substr(cause + kCausedBy.size());
  const size_t frames = trace.find("\n\tat ");
  trace = trim(trace.substr(0, frames));
  // Drops the class name of "java.lang.IllegalStateException: what happened".
  const size_t colon = trace.find(": ");
  if (colon != std::string_view::npos &&
      trace.substr(0, colon).find_first_of(" \n") == std::string_view::npos &&
      trace.substr(0, colon).find('.') != std::string_view::npos) {
    trace = trim(trace.substr(colon + 2));
  }
  return std::string(trace);
}

}  // namespace weir
