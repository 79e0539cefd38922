#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rest/job_snapshot.h"
#include "rest/json.h"

// The figures of tasks, as several parts of the interface need them. Pure.

namespace weir::rest {

/// Null if the task has not reported yet.
const TaskStatus* task_of(const JobSnapshot& job, size_t vertex, int subtask);
/// The figures of all subtasks that have reported. Watermarks are the least.
TaskFigures sum_of_vertex(const JobSnapshot& job, size_t vertex);
/// Flink's IOMetricsInfo.
Json io_json(const TaskFigures& figures);

/// Finds the worker that runs a subtask. The job outlives it.
class WorkerOfSubtask {
 public:
  explicit WorkerOfSubtask(const JobSnapshot& job);
  /// Null if none does.
  const JobSnapshot::Worker* operator()(int subtask) const;

 private:
  const JobSnapshot& job_;
  std::vector<const JobSnapshot::Worker*> by_index_;
};
/// "host:port" of a worker, for display.
std::string endpoint_of(const JobSnapshot::Worker* worker);

/// A metric by Flink's name.
using NamedFigure = std::pair<std::string, double>;
/// The engine's figures of a task.
std::vector<NamedFigure> figures_of_task(const TaskStatus& task);
/// Those of the job: checkpoints, restarts, times.
std::vector<NamedFigure> figures_of_job(const JobSnapshot& job);
/// Those of a process.
std::vector<NamedFigure> figures_of_process(const ProcessFigures& process);
std::vector<NamedFigure> figures_of_worker(const JobSnapshot::Worker& worker);
/// The number as Flink prints it: a whole one without a fraction.
std::string text_of(double number);

/// `text` as a part of HTML.
std::string escaped(std::string_view text);

}  // namespace weir::rest
