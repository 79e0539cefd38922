#include <charconv>
#include <map>

#include "base/strings.h"
#include "base/version.h"
#include "rest/json.h"

namespace weir::rest {
namespace {

std::string in_lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

/// The port of "host:port"; 0 if there is none.
int port_of(const std::string& address) {
  int port = 0;
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos) return 0;
  std::from_chars(address.data() + colon + 1, address.data() + address.size(), port);
  return port;
}

/// Flink's name of a quantity of resources.
Json resource_json(int slots) {
  return {{"cpuCores", slots},  {"taskHeapMemory", 0}, {"taskOffHeapMemory", 0},
          {"managedMemory", 0}, {"networkMemory", 0},  {"extendedResources", Json::object()}};
}

int64_t duration_ms(const JobSnapshot& job) {
  return (job.ended_ms >= 0 ? job.ended_ms : job.now_ms) - job.started_ms;
}

Json task_counts(const JobSnapshot& job) {
  int total = 0;
  for (const JobSnapshot::Vertex& vertex : job.vertices) total += vertex.parallelism;
  Json counts = {{"total", total}};
  for (const std::string_view state : kTaskStates)
    counts[in_lower_case(state)] = state == job.task_state ? total : 0;
  return counts;
}

Json job_summary(const JobSnapshot& job) {
  return {{"jid", job.job_id},
          {"name", job.name},
          {"jobType", "STREAMING"},
          {"schedulerType", "Default"},
          {"start-time", job.started_ms},
          {"end-time", job.ended_ms},
          {"duration", duration_ms(job)},
          {"state", job.state},
          {"last-modification",
           job.entered_ms.contains(job.state) ? job.entered_ms.at(job.state) : job.started_ms},
          {"tasks", task_counts(job)},
          {"pending-operators", 0}};
}

/// The number of tasks of each worker, by its index.
std::map<int32_t, int> tasks_by_worker(const JobSnapshot& job) {
  std::map<int32_t, int> tasks;
  for (const TaskStatus& task : job.figures->tasks) ++tasks[task.worker];
  return tasks;
}

Json worker_summary(const JobSnapshot::Worker& worker, int tasks) {
  Json json = {{"id", worker.id},
               {"path", worker.data_address.empty() ? worker.host : worker.data_address},
               {"dataPort", port_of(worker.data_address)},
               {"jmxPort", -1},
               {"timeSinceLastHeartbeat", worker.last_heard_ms},
               {"slotsNumber", worker.slots},
               {"freeSlots", worker.slots - worker.used_slots},
               {"assignedTasks", tasks},
               {"totalResource", resource_json(worker.slots)},
               {"freeResource", resource_json(worker.slots - worker.used_slots)},
               {"hardware",
                {{"cpuCores", worker.slots},
                 {"physicalMemory", 0},
                 {"freeMemory", 0},
                 {"managedMemory", 0}}},
               {"memoryConfiguration", Json::object()}};
  for (const char* key :
       {"frameworkHeap", "taskHeap", "frameworkOffHeap", "taskOffHeap", "networkMemory",
        "managedMemory", "jvmMetaspace", "jvmOverhead", "totalFlinkMemory", "totalProcessMemory"})
    json["memoryConfiguration"][key] = 0;
  return json;
}

}  // namespace

bool has_ended(const JobSnapshot& job) {
  return job.state == "FINISHED" || job.state == "CANCELED" || job.state == "FAILED";
}

Json config_json(bool offers_changes) {
  return {{"refresh-interval", 3000},
          {"timezone-name", "Coordinated Universal Time"},
          {"timezone-offset", 0},
          {"flink-version", cat("weir ", weir_version())},
          {"flink-revision", "weir @ unknown"},
          {"features",
           {{"web-submit", false},
            {"web-cancel", offers_changes},
            {"web-rescale", false},
            {"web-history", false}}}};
}

Json overview_json(const JobSnapshot& job) {
  int slots = 0;
  int used = 0;
  for (const JobSnapshot::Worker& worker : job.workers) {
    slots += worker.slots;
    used += worker.used_slots;
  }
  return {{"taskmanagers", job.workers.size()},
          {"slots-total", slots},
          {"slots-available", slots - used},
          {"jobs-running", has_ended(job) ? 0 : 1},
          {"jobs-finished", job.state == "FINISHED" ? 1 : 0},
          {"jobs-cancelled", job.state == "CANCELED" ? 1 : 0},
          {"jobs-failed", job.state == "FAILED" ? 1 : 0},
          {"flink-version", cat("weir ", weir_version())},
          {"flink-commit", "weir"}};
}

Json jobs_json(const JobSnapshot& job) {
  return {{"jobs", Json::array({{{"id", job.job_id}, {"status", job.state}}})}};
}

Json jobs_overview_json(const JobSnapshot& job) {
  return {{"jobs", Json::array({job_summary(job)})}};
}

Json application_json(const JobSnapshot& job) {
  Json application = {{"id", job.job_id},
                      {"name", job.name},
                      {"status", job.state},
                      {"start-time", job.started_ms},
                      {"end-time", job.ended_ms},
                      {"duration", duration_ms(job)},
                      {"timestamps", Json::object()},
                      {"jobs", Json::array({job_summary(job)})}};
  for (const auto& [state, at] : job.entered_ms) application["timestamps"][state] = at;
  return application;
}

Json applications_json(const JobSnapshot& job) {
  return {{"applications", Json::array({{{"id", job.job_id},
                                         {"name", job.name},
                                         {"start-time", job.started_ms},
                                         {"end-time", job.ended_ms},
                                         {"duration", duration_ms(job)},
                                         {"status", job.state},
                                         {"jobs", {{job.state, 1}}}}})}};
}

Json worker_json(const JobSnapshot& job, const JobSnapshot::Worker& worker) {
  const int tasks = tasks_by_worker(job)[worker.index];
  Json json = worker_summary(worker, tasks);
  json["allocatedSlots"] = Json::array();
  if (worker.used_slots > 0)
    json["allocatedSlots"].push_back({{"jobId", job.job_id},
                                      {"resource", resource_json(worker.used_slots)},
                                      {"assignedTasks", tasks}});
  Json metrics = Json::object();
  for (const char* key :
       {"heapUsed", "heapCommitted", "heapMax", "nonHeapUsed", "nonHeapCommitted", "nonHeapMax",
        "directCount", "directUsed", "directMax", "mappedCount", "mappedUsed", "mappedMax",
        "nettyShuffleMemorySegmentsAvailable", "nettyShuffleMemorySegmentsUsed",
        "nettyShuffleMemorySegmentsTotal", "nettyShuffleMemoryAvailable", "nettyShuffleMemoryUsed",
        "nettyShuffleMemoryTotal"})
    metrics[key] = 0;
  // There is no heap of a JVM; the memory of the process takes its place.
  metrics["heapUsed"] = metrics["heapCommitted"] = worker.figures.process.resident_bytes;
  metrics["garbageCollectors"] = Json::array();
  json["metrics"] = std::move(metrics);
  return json;
}

Json workers_json(const JobSnapshot& job) {
  std::map<int32_t, int> tasks = tasks_by_worker(job);
  Json list = Json::array();
  for (const JobSnapshot::Worker& worker : job.workers)
    list.push_back(worker_summary(worker, tasks[worker.index]));
  return {{"taskmanagers", std::move(list)}};
}

Json environment_json() {
  // There is no JVM. The dashboard shows these fields as they are.
  return {{"jvm",
           {{"version", cat("none: weir ", weir_version(), " is native")},
            {"arch", ""},
            {"options", Json::array()}}},
          {"classpath", Json::array()}};
}

Json settings_json(const JobSnapshot& job) {
  Json list = Json::array();
  for (const auto& [key, value] : job.configuration)
    list.push_back({{"key", key}, {"value", value}});
  return list;
}

}  // namespace weir::rest
