#include "rest/rest_api.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <span>
#include <utility>

#include "base/ids.h"
#include "base/strings.h"
#include "rest/json.h"
#include "rest/metric_queries.h"
#include "rest/operations.h"
#include "rest/page_status.h"
#include "rest/rest_call.h"

namespace weir {

using rest::error;
using rest::is_id;
using rest::Json;
using rest::reply;

namespace {

constexpr std::string_view kDone = "{}";
constexpr const char* kPlainText = "text/plain; charset=UTF-8";

RestReply unknown_path(const RestRequest& request) {
  return error(404, cat("Unable to load requested file ", request.path, "."));
}
RestReply forbidden(const Status& reason) { return error(403, std::string(reason.message())); }

std::optional<int64_t> number_of(const std::string& text) {
  int64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// The parts of a path without the version's prefix.
std::vector<std::string> parts_of(const std::string& path) {
  std::vector<std::string> parts;
  for (const std::string_view part : split(path, '/')) {
    if (!part.empty()) parts.emplace_back(part);
  }
  if (!parts.empty() && parts[0] == "v1") parts.erase(parts.begin());
  return parts;
}

const CheckpointRecord* checkpoint_of(const JobSnapshot& job, const std::string& id) {
  for (const CheckpointRecord& record : job.checkpoints->history) {
    if (std::to_string(record.id) == id) return &record;
  }
  return nullptr;
}

int error_code_of(const Status& status) {
  switch (status.code()) {
    case StatusCode::kNotFound: return 404;
    case StatusCode::kResourceExhausted: return 429;
    case StatusCode::kUnavailable: return 503;
    case StatusCode::kDeadlineExceeded: return 504;
    default: return 500;
  }
}

}  // namespace

RestApi::RestApi(RestControl control, RestRules rules, const Clock& clock, Random& random)
    : control_(std::move(control)),
      rules_(std::move(rules)),
      operations_(std::make_shared<rest::Operations>(clock, random)) {}

RestApi::~RestApi() = default;

RestReply RestApi::handle(const RestRequest& request) {
  if (const Status status = check_sender(rules_, request); !status.ok()) return forbidden(status);
  const bool reads = request.method == "GET" || request.method == "HEAD";
  if (!reads) {
    if (const Status status = check_may_change(rules_, request); !status.ok())
      return forbidden(status);
  }
  Call call{request, parts_of(request.path), control_.snapshot()};
  if (call.parts.empty()) return unknown_path(request);
  if (call.gets({"livez"})) return {200, "ok\n", kPlainText};
  if (!call.job)
    return error(503,
                 "this coordinator does not lead the job: ask the one that does, or ask again");
  if (call.gets({"readyz"})) return {200, "ok\n", kPlainText};
  control_.observe();
  return route(call);
}

RestReply RestApi::route(const Call& call) {
  const JobSnapshot& job = *call.job;
  if (call.request.method == "OPTIONS") return unknown_path(call.request);
  if (call.gets({"config"})) return reply(rest::config_json(rules_.offers_changes));
  if (call.gets({"weir", "status"})) return page_status(call);
  if (call.posts({"weir", "profile"})) return profile(call);
  if (call.gets({"overview"})) return reply(rest::overview_json(job));
  if (call.gets({"jobs"})) return reply(rest::jobs_json(job));
  if (call.gets({"jobs", "overview"})) return reply(rest::jobs_overview_json(job));
  if (call.gets({"jobs", "metrics"}))
    return reply(rest::aggregated_metrics_json({rest::figures_of_job(job)}, call.list("get"),
                                               call.list("agg")));
  if (call.gets({"applications", "overview"})) return reply(rest::applications_json(job));
  if (call.gets({"applications", "*"}) && call.at(1) == job.job_id)
    return reply(rest::application_json(job));
  if (call.at(0) == "taskmanagers") return route_worker(call);
  if (call.gets({"jobmanager", "config"})) return reply(rest::settings_json(job));
  if (call.gets({"jobmanager", "metrics"}))
    return reply(rest::metrics_json(coordinator_figures(job), call.list("get")));
  if (call.gets({"jobmanager", "environment"})) return reply(rest::environment_json());
  if (call.at(0) == "jobmanager" && call.request.method == "GET") {
    if (const auto page = rest::process_page(std::span(call.parts).subspan(1)))
      return rest::page_reply(*page, control_.own_text(page->what), job.now_ms);
  }
  if (call.gets({"jars"})) return reply({{"address", ""}, {"files", Json::array()}});
  if (call.gets({"datasets"})) return reply({{"dataSets", Json::array()}});
  if (call.at(0) == "jars" || call.posts({"jobs"}))
    return error(501,
                 "a weir job is a program of its own, and takes no other jobs: start it instead");
  if (call.posts({"savepoint-disposal"})) return dispose_savepoint(call);
  if (call.gets({"savepoint-disposal", "*"})) return poll(rest::Operation::kDisposal, call.at(1));
  if (call.is({"cluster"}) && call.request.method == "DELETE")
    return error(501, "the cluster ends with its job: cancel the job");
  if (call.at(0) == "jobs" && call.size() >= 2) return route_job(call);
  return unknown_path(call.request);
}

RestReply RestApi::page_status(const Call& call) {
  const JobSnapshot& job = *call.job;
  const auto vertex =
      std::ranges::find(job.vertices, call.text("vertex"), &JobSnapshot::Vertex::id);
  std::optional<size_t> chosen;
  if (vertex != job.vertices.end()) chosen = static_cast<size_t>(vertex - job.vertices.begin());
  rest::Json body = rest::page_status_json(job, chosen);
  body["can"] = {{"change", rules_.offers_changes},
                 {"token", !rules_.token.empty()},
                 {"savepoint_directory", control_.has_savepoint_directory}};
  return reply(body);
}

RestReply RestApi::profile(const Call& call) {
  const std::string worker = call.text("worker");
  if (worker.empty()) return {200, control_.own_text(ProcessText::kCpuProfile), kPlainText};
  if (std::ranges::find(call.job->workers, worker, &JobSnapshot::Worker::id) ==
      call.job->workers.end())
    return error(404, cat("TaskManager ", worker, " not found"));
  RestReply later;
  later.later = [this, worker](std::function<void(RestReply)> done) {
    control_.worker_text(worker, ProcessText::kCpuProfile,
                         [done = std::move(done)](const StatusOr<std::string>& text) {
                           done(text.ok() ? RestReply{200, *text, kPlainText}
                                          : error(error_code_of(text.status()),
                                                  std::string(text.status().message())));
                         });
  };
  return later;
}

std::vector<rest::NamedFigure> RestApi::coordinator_figures(const JobSnapshot& job) const {
  int slots = 0;
  int used = 0;
  for (const JobSnapshot::Worker& worker : job.workers) {
    slots += worker.slots;
    used += worker.used_slots;
  }
  std::vector<rest::NamedFigure> figures = rest::figures_of_process(control_.own_figures());
  figures.insert(figures.end(),
                 {{"numRunningJobs", rest::has_ended(job) ? 0.0 : 1.0},
                  {"numRegisteredTaskManagers", static_cast<double>(job.workers.size())},
                  {"taskSlotsTotal", static_cast<double>(slots)},
                  {"taskSlotsAvailable", static_cast<double>(slots - used)}});
  return figures;
}

RestReply RestApi::route_job(const Call& call) {
  const JobSnapshot& job = *call.job;
  const std::string& id = call.at(1);
  if (!is_id(id))
    return error(400, cat("Cannot resolve path parameter (jobid) from value \"", id, "\"."));
  if (id != job.job_id) return error(404, cat("Job ", id, " not found"));
  if (call.gets({"jobs", "*"})) return reply(rest::job_json(job));
  if (call.is({"jobs", "*"}) && call.request.method == "PATCH") return cancel(call);
  if (call.gets({"jobs", "*", "yarn-cancel"})) {
    if (const Status status = check_same_page(call.request); !status.ok()) return forbidden(status);
    if (const Status status = check_may_change(rules_, call.request); !status.ok())
      return forbidden(status);
    return cancel(call);
  }
  if (call.gets({"jobs", "*", "plan"})) return reply({{"plan", rest::plan_json(job)}});
  if (call.gets({"jobs", "*", "config"})) return reply(rest::job_config_json(job));
  if (call.gets({"jobs", "*", "status"})) return reply({{"status", job.state}});
  if (call.gets({"jobs", "*", "execution-result"})) return reply(rest::execution_result_json(job));
  if (call.gets({"jobs", "*", "jobmanager", "config"})) return reply(rest::settings_json(job));
  if (call.gets({"jobs", "*", "accumulators"})) return reply(rest::job_accumulators_json());
  if (call.gets({"jobs", "*", "exceptions"})) {
    constexpr int64_t kMax = 20;
    const auto found = call.request.query.find("maxExceptions");
    const auto most = found == call.request.query.end() ? kMax : number_of(found->second);
    if (!most || *most < 0) return error(400, "maxExceptions is not a number");
    return reply(rest::exceptions_json(job, static_cast<size_t>(*most)));
  }
  if (call.gets({"jobs", "*", "metrics"}))
    return reply(rest::metrics_json(rest::figures_of_job(job), call.list("get")));
  if (call.size() >= 3 && call.at(2) == "checkpoints") return route_checkpoints(call);
  if (call.posts({"jobs", "*", "savepoints"})) return trigger_savepoint(call);
  if (call.posts({"jobs", "*", "stop"})) return stop(call);
  if (call.is({"jobs", "*", "resource-requirements"})) return resource_requirements(call);
  if (call.gets({"jobs", "*", "savepoints", "*"}))
    return poll(rest::Operation::kSavepoint, call.at(3));
  if (call.size() >= 4 && call.at(2) == "vertices") {
    if (!is_id(call.at(3))) return error(400, cat(call.at(3), " is not the id of a vertex"));
    const auto vertex = std::find_if(job.vertices.begin(), job.vertices.end(),
                                     [&](const auto& each) { return each.id == call.at(3); });
    if (vertex == job.vertices.end()) return error(404, cat("Vertex ", call.at(3), " not found"));
    return route_vertex(call, static_cast<size_t>(vertex - job.vertices.begin()));
  }
  return unknown_path(call.request);
}

RestReply RestApi::route_vertex(const Call& call, size_t vertex) {
  const JobSnapshot& job = *call.job;
  const int parallelism = job.vertices[vertex].parallelism;
  if (call.request.method != "GET") return unknown_path(call.request);
  const auto below = [&](std::initializer_list<std::string_view> path) {
    return std::equal(path.begin(), path.end(), call.parts.begin() + 4, call.parts.end(),
                      [](std::string_view a, const std::string& b) { return a == "*" || a == b; });
  };
  if (below({})) return reply(rest::vertex_json(job, vertex));
  if (below({"subtasktimes"})) return reply(rest::subtask_times_json(job, vertex));
  if (below({"taskmanagers"})) return reply(rest::vertex_workers_json(job, vertex));
  if (below({"backpressure"})) return reply(rest::back_pressure_json(job, vertex));
  if (below({"watermarks"})) return reply(rest::watermarks_json(job, vertex));
  if (below({"metrics"})) return reply(rest::vertex_metrics_json(job, vertex, call.list("get")));
  if (below({"accumulators"})) return reply(rest::accumulators_json(job, vertex));
  if (below({"flamegraph"})) return reply({{"endTimestamp", -2}});  // not enabled
  if (below({"subtasks", "accumulators"}))
    return reply(rest::subtask_accumulators_json(job, vertex));
  if (below({"subtasks", "metrics"})) {
    const auto subtasks = rest::chosen_subtasks(call.text("subtasks"), parallelism);
    if (!subtasks) return error(400, "subtasks is not a list such as 1,3,5-9");
    std::vector<std::vector<rest::NamedFigure>> groups;
    for (const int i : *subtasks) groups.push_back(rest::figures_of_subtask(job, vertex, i));
    return reply(rest::aggregated_metrics_json(groups, call.list("get"), call.list("agg")));
  }
  if (below({"subtasks", "*"}) || below({"subtasks", "*", "metrics"}) ||
      below({"subtasks", "*", "attempts", "*"})) {
    const auto subtask = number_of(call.at(5));
    if (!subtask) return error(400, cat(call.at(5), " is not the number of a subtask"));
    if (*subtask < 0 || *subtask >= parallelism)
      return error(404, cat("Subtask ", *subtask, " not found"));
    const int index = static_cast<int>(*subtask);
    if (call.size() == 7)
      return reply(
          rest::metrics_json(rest::figures_of_subtask(job, vertex, index), call.list("get")));
    return reply(rest::subtask_json(job, vertex, index));
  }
  return unknown_path(call.request);
}

RestReply RestApi::route_checkpoints(const Call& call) {
  const JobSnapshot& job = *call.job;
  if (call.posts({"jobs", "*", "checkpoints"})) return trigger_checkpoint(call);
  if (!job.checkpoints) return error(404, "Checkpointing has not been enabled.");
  if (call.gets({"jobs", "*", "checkpoints"})) return reply(rest::checkpoints_json(job));
  if (call.gets({"jobs", "*", "checkpoints", "config"}))
    return reply(rest::checkpoint_config_json(job));
  const bool details = call.gets({"jobs", "*", "checkpoints", "details", "*"});
  if (details || call.gets({"jobs", "*", "checkpoints", "details", "*", "subtasks", "*"})) {
    const CheckpointRecord* record = checkpoint_of(job, call.at(4));
    if (record == nullptr)
      return error(404,
                   cat("Could not find checkpointing statistics for checkpoint ", call.at(4), "."));
    if (details) return reply(rest::checkpoint_json(job, *record, true));
    for (size_t i = 0; i < job.vertices.size(); ++i) {
      if (job.vertices[i].id == call.at(6))
        return reply(rest::checkpoint_vertex_json(job, *record, i));
    }
    return error(404, cat("Vertex ", call.at(6), " not found"));
  }
  if (call.gets({"jobs", "*", "checkpoints", "*"}))
    return poll(rest::Operation::kCheckpoint, call.at(3));
  return unknown_path(call.request);
}

RestReply RestApi::route_worker(const Call& call) {
  const JobSnapshot& job = *call.job;
  if (call.gets({"taskmanagers"})) return reply(rest::workers_json(job));
  if (call.gets({"taskmanagers", "metrics"})) {
    const std::vector<std::string> chosen = call.list("taskmanagers");
    std::vector<std::vector<rest::NamedFigure>> groups;
    for (const JobSnapshot::Worker& worker : job.workers) {
      if (chosen.empty() || std::find(chosen.begin(), chosen.end(), worker.id) != chosen.end())
        groups.push_back(rest::figures_of_worker(worker));
    }
    return reply(rest::aggregated_metrics_json(groups, call.list("get"), call.list("agg")));
  }
  if (call.size() < 2 || call.request.method != "GET") return unknown_path(call.request);
  const auto worker = std::find_if(job.workers.begin(), job.workers.end(),
                                   [&](const auto& each) { return each.id == call.at(1); });
  if (worker == job.workers.end()) return error(404, cat("TaskManager ", call.at(1), " not found"));
  if (call.size() == 2) return reply(rest::worker_json(job, *worker));
  if (call.gets({"taskmanagers", "*", "metrics"}))
    return reply(rest::metrics_json(rest::figures_of_worker(*worker), call.list("get")));
  if (const auto page = rest::process_page(std::span(call.parts).subspan(2)))
    return worker_page(worker->id, *page, job.now_ms);
  return unknown_path(call.request);
}

RestReply RestApi::worker_page(const std::string& worker, const rest::ProcessPage& page,
                               int64_t now_ms) {
  RestReply later;
  later.later = [this, worker, page, now_ms](std::function<void(RestReply)> done) {
    control_.worker_text(worker, page.what,
                         [page, now_ms, done = std::move(done)](const StatusOr<std::string>& text) {
                           done(text.ok() ? rest::page_reply(page, *text, now_ms)
                                          : error(error_code_of(text.status()),
                                                  std::string(text.status().message())));
                         });
  };
  return later;
}

RestReply RestApi::cancel(const Call& call) {
  const auto mode = call.request.query.find("mode");
  if (mode != call.request.query.end() && mode->second == "stop")
    return error(308, "a job is stopped with a savepoint: POST /jobs/JOBID/stop");
  if (mode != call.request.query.end() && mode->second != "cancel")
    return error(400, cat("mode ", mode->second, " is not known: cancel is"));
  if (rest::has_ended(*call.job) && call.job->state != "CANCELED")
    return error(409, cat("Job cancellation failed because the job has already reached another "
                          "terminal state (",
                          call.job->state, ")."));
  control_.cancel();
  return {202, std::string(kDone)};
}

}  // namespace weir
