#include "rest/report/reported_figures.h"

#include <algorithm>
#include <array>

#include "rest/figures_of.h"
#include "rest/json.h"

namespace weir::rest {
namespace {

using Variables = ReportedFigure::Variables;
using Take = std::function<void(const ReportedFigure&)>;

constexpr std::array<std::string_view, 5> kCountersOfTasks = {
    "numRecordsIn", "numRecordsOut", "numBytesIn", "numBytesOut", "numBuffersOut"};

void give(std::string_view scope, const Variables& variables,
          const std::vector<NamedFigure>& figures, const Take& take) {
  for (const auto& [name, value] : figures) {
    const bool counts =
        scope == "taskmanager_job_task" &&
        std::find(kCountersOfTasks.begin(), kCountersOfTasks.end(), name) != kCountersOfTasks.end();
    take({scope, variables, name, counts, value});
  }
}

Variables variables_of_worker(const JobSnapshot::Worker* worker) {
  return {{"host", worker != nullptr ? worker->host : ""},
          {"tm_id", worker != nullptr ? worker->id : ""}};
}

void give_cluster(const JobSnapshot& job, const Take& take) {
  int slots = 0;
  int used = 0;
  for (const JobSnapshot::Worker& worker : job.workers) {
    slots += worker.slots;
    used += worker.used_slots;
    give("taskmanager", variables_of_worker(&worker), figures_of_worker(worker), take);
  }
  give("jobmanager", {{"host", ""}},
       {{"numRunningJobs", has_ended(job) ? 0 : 1},
        {"numRegisteredTaskManagers", static_cast<double>(job.workers.size())},
        {"taskSlotsTotal", slots},
        {"taskSlotsAvailable", slots - used}},
       take);
  give("jobmanager_job", {{"job_id", job.job_id}, {"job_name", job.name}, {"host", ""}},
       figures_of_job(job), take);
}

void give_operators(const JobSnapshot::Vertex& vertex, const TaskFigures& task,
                    const Variables& of_task, const Take& take) {
  for (const OperatorFigures& of : task.operators) {
    if (of.op < 0 || static_cast<size_t>(of.op) >= vertex.operators.size()) continue;
    const JobSnapshot::Operator& op = vertex.operators[static_cast<size_t>(of.op)];
    Variables variables = of_task;
    variables.emplace_back("operator_id", op.id);
    variables.emplace_back("operator_name", op.name);
    for (const MetricValue& value : of.values) {
      take({"taskmanager_job_task_operator", variables, value.name,
            value.kind != MetricGroup::Kind::kGauge && !value.histogram,
            static_cast<double>(value.value), value.histogram ? &*value.histogram : nullptr});
    }
  }
}

}  // namespace

std::string_view ReportedFigure::variable(std::string_view of) const {
  for (const auto& [name, text] : variables) {
    if (name == of) return text;
  }
  return {};
}

void for_each_figure(const JobSnapshot& job, const Take& take) {
  give_cluster(job, take);
  const WorkerOfSubtask worker_of(job);
  for (const TaskStatus& task : job.figures->tasks) {
    if (static_cast<size_t>(task.figures.vertex) >= job.vertices.size()) continue;
    const JobSnapshot::Vertex& vertex = job.vertices[static_cast<size_t>(task.figures.vertex)];
    Variables variables = variables_of_worker(worker_of(task.figures.subtask));
    variables.insert(variables.end(), {{"job_id", job.job_id},
                                       {"job_name", job.name},
                                       {"task_id", vertex.id},
                                       {"task_name", vertex.name},
                                       {"task_attempt_num", std::to_string(job.restarts)},
                                       {"subtask_index", std::to_string(task.figures.subtask)}});
    give("taskmanager_job_task", variables, figures_of_task(task), take);
    give_operators(vertex, task.figures, variables, take);
  }
}

}  // namespace weir::rest
