#include <algorithm>

#include "base/strings.h"
#include "rest/figures_of.h"
#include "rest/json.h"

namespace weir::rest {
namespace {

/// Flink shows a chain's operators one below the other.
std::string description_of(const JobSnapshot::Vertex& vertex) {
  std::string text;
  for (const JobSnapshot::Operator& op : vertex.operators) {
    text += cat(text.empty() ? "" : "<br/>+- ",
                escaped(op.description.empty() ? op.name : op.description));
  }
  return text.empty() ? text : text + "<br/>";
}

Json exception_json(const JobSnapshot::Failure& failure) {
  Json json = {{"exceptionName", "weir.TaskFailure"},
               {"stacktrace", failure.message},
               {"timestamp", failure.at_ms}};
  if (!failure.task.empty()) json["taskName"] = failure.task;
  if (!failure.worker.empty()) json["endpoint"] = json["taskManagerId"] = failure.worker;
  json["failureLabels"] = Json::object();
  return json;
}

Json vertex_summary(const JobSnapshot& job, size_t index) {
  const JobSnapshot::Vertex& vertex = job.vertices[index];
  const int64_t end = has_ended(job) ? job.ended_ms : -1;
  Json tasks = Json::object();
  for (const std::string_view state : kTaskStates)
    tasks[state] = state == job.task_state ? vertex.parallelism : 0;
  return {
      {"id", vertex.id},
      {"slotSharingGroupId", job.job_id},
      {"name", vertex.name},
      {"maxParallelism", vertex.max_parallelism},
      {"parallelism", vertex.parallelism},
      {"status", job.task_state},
      {"start-time", job.tasks_since_ms},
      {"end-time", end},
      {"duration", job.tasks_since_ms < 0 ? -1 : (end < 0 ? job.now_ms : end) - job.tasks_since_ms},
      {"tasks", std::move(tasks)},
      {"metrics", io_json(sum_of_vertex(job, index))}};
}

}  // namespace

Json plan_json(const JobSnapshot& job) {
  Json nodes = Json::array();
  // Flink lists sinks first.
  for (size_t i = job.vertices.size(); i-- > 0;) {
    const JobSnapshot::Vertex& vertex = job.vertices[i];
    Json node = {{"id", vertex.id},
                 {"parallelism", vertex.parallelism},
                 {"operator", ""},
                 {"operator_strategy", ""},
                 {"description", description_of(vertex)}};
    Json inputs = Json::array();
    for (const JobSnapshot::Edge& edge : job.edges) {
      if (edge.to != static_cast<int>(i)) continue;
      inputs.push_back({{"num", inputs.size()},
                        {"id", job.vertices[static_cast<size_t>(edge.from)].id},
                        {"ship_strategy", edge.ship_strategy},
                        {"exchange", "pipelined_bounded"}});
    }
    if (!inputs.empty()) node["inputs"] = std::move(inputs);
    node["optimizer_properties"] = Json::object();
    nodes.push_back(std::move(node));
  }
  return {
      {"jid", job.job_id}, {"name", job.name}, {"type", "STREAMING"}, {"nodes", std::move(nodes)}};
}

Json job_json(const JobSnapshot& job) {
  Json timestamps = Json::object();
  for (const std::string_view state : kJobStates) {
    const auto entered = job.entered_ms.find(std::string(state));
    timestamps[state] = entered == job.entered_ms.end() ? 0 : entered->second;
  }
  Json vertices = Json::array();
  int total = 0;
  for (size_t i = 0; i < job.vertices.size(); ++i) {
    vertices.push_back(vertex_summary(job, i));
    total += job.vertices[i].parallelism;
  }
  Json counts = Json::object();
  for (const std::string_view state : kTaskStates)
    counts[state] = state == job.task_state ? total : 0;
  return {{"jid", job.job_id},
          {"application-id", job.job_id},
          {"name", job.name},
          {"isStoppable", false},
          {"state", job.state},
          {"job-type", "STREAMING"},
          {"schedulerType", "Default"},
          {"start-time", job.started_ms},
          {"end-time", job.ended_ms},
          {"duration", (job.ended_ms >= 0 ? job.ended_ms : job.now_ms) - job.started_ms},
          {"maxParallelism", -1},
          {"now", job.now_ms},
          {"timestamps", std::move(timestamps)},
          {"vertices", std::move(vertices)},
          {"status-counts", std::move(counts)},
          {"plan", plan_json(job)},
          {"pending-operators", 0}};
}

Json job_config_json(const JobSnapshot& job) {
  int parallelism = 1;
  for (const JobSnapshot::Vertex& vertex : job.vertices)
    parallelism = std::max(parallelism, vertex.parallelism);
  Json user = Json::object();
  for (const auto& [key, value] : job.configuration) user[key] = value;
  return {{"jid", job.job_id},
          {"name", job.name},
          {"execution-config",
           {{"restart-strategy", job.restart_strategy},
            {"job-parallelism", parallelism},
            {"object-reuse-mode", true},
            {"execution-mode", "PIPELINED"},
            {"user-config", std::move(user)}}}};
}

Json exceptions_json(const JobSnapshot& job, size_t most) {
  Json entries = Json::array();
  Json all = Json::array();
  for (size_t i = 0; i < std::min(most, job.failures.size()); ++i) {
    Json entry = exception_json(job.failures[i]);
    entry["concurrentExceptions"] = Json::array();
    entries.push_back(std::move(entry));
  }
  Json json = {{"exceptionHistory",
                {{"entries", std::move(entries)}, {"truncated", job.failures.size() > most}}}};
  // Fields of Flink 1.x.
  json["all-exceptions"] = std::move(all);
  json["truncated"] = false;
  if (!job.failures.empty()) {
    json["root-exception"] = job.failures.front().message;
    json["timestamp"] = job.failures.front().at_ms;
  }
  return json;
}

Json execution_result_json(const JobSnapshot& job) {
  if (!has_ended(job)) return {{"status", {{"id", "IN_PROGRESS"}}}};
  return {{"status", {{"id", "COMPLETED"}}},
          {"job-execution-result",
           {{"id", job.job_id},
            {"name", job.name},
            {"application-status", job.state == "FINISHED"   ? "SUCCEEDED"
                                   : job.state == "CANCELED" ? "CANCELED"
                                                             : "FAILED"},
            {"accumulator-results", Json::object()},
            {"net-runtime", job.ended_ms - job.started_ms},
            {"application-id", job.job_id},
            {"start-time", job.started_ms},
            {"end-time", job.ended_ms}}}};
}

Json job_accumulators_json() {
  return {{"job-accumulators", Json::array()},
          {"user-task-accumulators", Json::array()},
          {"serialized-user-task-accumulators", Json::object()}};
}

}  // namespace weir::rest
