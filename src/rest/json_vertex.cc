#include <algorithm>
#include <map>
#include <vector>

#include "base/strings.h"
#include "rest/figures_of.h"
#include "rest/json.h"

namespace weir::rest {
namespace {

int64_t end_of(const JobSnapshot& job) { return has_ended(job) ? job.ended_ms : -1; }
int64_t duration_of(const JobSnapshot& job) {
  if (job.tasks_since_ms < 0) return -1;
  return (has_ended(job) ? job.ended_ms : job.now_ms) - job.tasks_since_ms;
}

TaskFigures figures_at(const JobSnapshot& job, size_t vertex, int subtask) {
  const TaskStatus* task = task_of(job, vertex, subtask);
  return task != nullptr ? task->figures : TaskFigures{};
}

/// The time in each of the states up to RUNNING; only the current one is known.
Json status_durations(const JobSnapshot& job) {
  Json json = Json::object();
  for (const char* state : {"CREATED", "SCHEDULED", "DEPLOYING", "INITIALIZING", "RUNNING"})
    json[state] = state == job.task_state ? duration_of(job) : -1;
  return json;
}

Json distribution(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  double sum = 0;
  for (const double value : values) sum += value;
  const auto at = [&](double q) {
    if (values.empty()) return 0.0;
    return values[std::min(values.size() - 1,
                           static_cast<size_t>(q * static_cast<double>(values.size())))];
  };
  const auto whole = [](double value) { return static_cast<int64_t>(value); };
  return {{"min", whole(at(0))},
          {"max", whole(at(1))},
          {"avg", whole(values.empty() ? 0 : sum / static_cast<double>(values.size()))},
          {"sum", whole(sum)},
          {"median", whole(at(0.5))},
          {"p25", whole(at(0.25))},
          {"p75", whole(at(0.75))},
          {"p95", whole(at(0.95))}};
}

/// Flink's "aggregated": of these subtasks of a vertex.
Json aggregated_json(const JobSnapshot& job, size_t vertex, const std::vector<int>& subtasks) {
  std::map<std::string, std::vector<double>> values;
  for (const int i : subtasks) {
    const Json io = io_json(figures_at(job, vertex, i));
    for (size_t j = 0; j < io.size(); ++j) {
      if (io.elements()[j].is_number()) values[io.names()[j]].push_back(io.elements()[j].number());
    }
  }
  Json metrics = Json::object();
  for (auto& [name, list] : values) metrics[name] = distribution(std::move(list));
  Json durations = Json::object();
  const Json times = status_durations(job);
  for (size_t i = 0; i < times.size(); ++i)
    durations[times.names()[i]] =
        distribution(std::vector<double>(subtasks.size(), times.elements()[i].number()));
  return {{"metrics", std::move(metrics)}, {"status-duration", std::move(durations)}};
}

Json level_json(double ratio) { return ratio <= 0.1 ? "ok" : ratio <= 0.5 ? "low" : "high"; }

Json subtask_on(const JobSnapshot& job, size_t vertex, int subtask,
                const JobSnapshot::Worker* worker) {
  return {{"subtask", subtask},
          {"status", job.task_state},
          {"attempt", job.restarts},
          {"endpoint", endpoint_of(worker)},
          {"host", worker != nullptr ? worker->host : "(unassigned)"},
          {"start-time", job.tasks_since_ms},
          {"start_time", job.tasks_since_ms},
          {"end-time", end_of(job)},
          {"duration", duration_of(job)},
          {"metrics", io_json(figures_at(job, vertex, subtask))},
          {"taskmanager-id", worker != nullptr ? worker->id : "(unassigned)"},
          {"status-duration", status_durations(job)}};
}

}  // namespace

Json subtask_json(const JobSnapshot& job, size_t vertex, int subtask) {
  return subtask_on(job, vertex, subtask, WorkerOfSubtask(job)(subtask));
}

Json vertex_json(const JobSnapshot& job, size_t vertex) {
  const JobSnapshot::Vertex& of = job.vertices[vertex];
  const WorkerOfSubtask worker_of(job);
  Json subtasks = Json::array();
  std::vector<int> all;
  for (int i = 0; i < of.parallelism; ++i) {
    subtasks.push_back(subtask_on(job, vertex, i, worker_of(i)));
    all.push_back(i);
  }
  return {{"id", of.id},
          {"name", of.name},
          {"parallelism", of.parallelism},
          {"maxParallelism", of.max_parallelism},
          {"now", job.now_ms},
          {"subtasks", std::move(subtasks)},
          {"aggregated", aggregated_json(job, vertex, all)}};
}

Json vertex_workers_json(const JobSnapshot& job, size_t vertex) {
  const JobSnapshot::Vertex& of = job.vertices[vertex];
  const WorkerOfSubtask worker_of(job);
  std::map<int, std::vector<int>> subtasks_of;  // by the worker's index
  for (int i = 0; i < of.parallelism; ++i) {
    if (const JobSnapshot::Worker* worker = worker_of(i)) subtasks_of[worker->index].push_back(i);
  }
  Json list = Json::array();
  for (const JobSnapshot::Worker& worker : job.workers) {
    const auto found = subtasks_of.find(worker.index);
    if (found == subtasks_of.end()) continue;
    const std::vector<int>& subtasks = found->second;
    TaskFigures sum;
    for (const int i : subtasks) {
      const TaskFigures figures = figures_at(job, vertex, i);
      for (const auto figure :
           {&TaskFigures::records_in, &TaskFigures::records_out, &TaskFigures::bytes_in,
            &TaskFigures::bytes_out, &TaskFigures::idle_ms, &TaskFigures::busy_ms,
            &TaskFigures::back_pressured_ms})
        sum.*figure += figures.*figure;
    }
    Json counts = Json::object();
    for (const std::string_view state : kTaskStates)
      counts[state] = state == job.task_state ? subtasks.size() : 0;
    list.push_back({{"endpoint", endpoint_of(&worker)},
                    {"host", worker.host},
                    {"status", job.task_state},
                    {"start-time", job.tasks_since_ms},
                    {"end-time", end_of(job)},
                    {"duration", duration_of(job)},
                    {"metrics", io_json(sum)},
                    {"status-counts", std::move(counts)},
                    {"taskmanager-id", worker.id},
                    {"aggregated", aggregated_json(job, vertex, subtasks)}});
  }
  return {{"id", of.id}, {"name", of.name}, {"now", job.now_ms}, {"taskmanagers", std::move(list)}};
}

Json subtask_times_json(const JobSnapshot& job, size_t vertex) {
  const JobSnapshot::Vertex& of = job.vertices[vertex];
  const WorkerOfSubtask worker_of(job);
  Json subtasks = Json::array();
  for (int i = 0; i < of.parallelism; ++i) {
    const JobSnapshot::Worker* worker = worker_of(i);
    Json timestamps = Json::object();
    for (const std::string_view state : kTaskStates)
      timestamps[state] = state == job.task_state ? std::max<int64_t>(0, job.tasks_since_ms) : 0;
    subtasks.push_back({{"subtask", i},
                        {"endpoint", endpoint_of(worker)},
                        {"host", worker != nullptr ? worker->host : "(unassigned)"},
                        {"duration", duration_of(job)},
                        {"timestamps", std::move(timestamps)}});
  }
  return {{"id", of.id}, {"name", of.name}, {"now", job.now_ms}, {"subtasks", std::move(subtasks)}};
}

Json back_pressure_json(const JobSnapshot& job, size_t vertex) {
  Json subtasks = Json::array();
  double most = 0;
  for (int i = 0; i < job.vertices[vertex].parallelism; ++i) {
    const TaskStatus* task = task_of(job, vertex, i);
    const TaskRates rates = task != nullptr ? task->rates : TaskRates{};
    const double ratio = rates.back_pressured_ms / 1000;
    most = std::max(most, ratio);
    subtasks.push_back({{"subtask", i},
                        {"backpressureLevel", level_json(ratio)},
                        {"backpressure-level", level_json(ratio)},
                        {"ratio", ratio},
                        {"idleRatio", rates.idle_ms / 1000},
                        {"busyRatio", rates.busy_ms / 1000}});
  }
  return {{"status", "ok"},
          {"backpressureLevel", level_json(most)},
          {"backpressure-level", level_json(most)},
          {"end-timestamp", job.now_ms},
          {"subtasks", std::move(subtasks)}};
}

Json watermarks_json(const JobSnapshot& job, size_t vertex) {
  Json list = Json::array();
  for (int i = 0; i < job.vertices[vertex].parallelism; ++i) {
    const TaskStatus* task = task_of(job, vertex, i);
    if (task == nullptr) continue;
    list.push_back({{"id", cat(i, ".currentInputWatermark")},
                    {"value", std::to_string(task->figures.input_watermark)}});
  }
  return list;
}

// User code has metrics, and no accumulators.

Json accumulators_json(const JobSnapshot& job, size_t vertex) {
  return {{"id", job.vertices[vertex].id}, {"user-accumulators", Json::array()}};
}

Json subtask_accumulators_json(const JobSnapshot& job, size_t vertex) {
  const JobSnapshot::Vertex& of = job.vertices[vertex];
  const WorkerOfSubtask worker_of(job);
  Json subtasks = Json::array();
  for (int i = 0; i < of.parallelism; ++i)
    subtasks.push_back({{"subtask", i},
                        {"attempt", job.restarts},
                        {"endpoint", endpoint_of(worker_of(i))},
                        {"user-accumulators", Json::array()}});
  return {{"id", of.id}, {"parallelism", of.parallelism}, {"subtasks", std::move(subtasks)}};
}

}  // namespace weir::rest
