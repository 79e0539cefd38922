#include "rest/prometheus_text.h"

#include <cmath>
#include <map>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "rest/figures_of.h"

namespace weir {
namespace {

using Labels = std::vector<std::pair<std::string, std::string>>;

std::string filtered(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    const bool kept = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == ':' || c == '_';
    if (!kept) c = '_';
  }
  return result;
}

std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    switch (c) {
      case '\\': result += "\\\\"; break;
      case '"': result += "\\\""; break;
      case '\n': result += "\\n"; break;
      default: result += c;
    }
  }
  return result + '"';
}

std::string number_text(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number > 0 ? "+Inf" : "-Inf";
  return rest::text_of(number);
}

/// Gathers samples by their metric: the format wants all samples of a metric together.
class Page {
 public:
  explicit Page(bool filter_values) : filter_values_(filter_values) {}

  void gauge(const std::string& scope, const std::string& name, const Labels& labels,
             double value) {
    Family& family = family_of(scope, name, "gauge");
    family.samples += cat(family.name, label_text(labels), " ", number_text(value), "\n");
  }
  void summary(const std::string& scope, const std::string& name, const Labels& labels,
               const HistogramStatistics& statistics) {
    Family& family = family_of(scope, name, "summary");
    family.samples += cat(family.name, "_count", label_text(labels), " ", statistics.count, "\n");
    const std::pair<const char*, double> quantiles[] = {
        {"0.5", statistics.p50},  {"0.75", statistics.p75}, {"0.95", statistics.p95},
        {"0.98", statistics.p98}, {"0.99", statistics.p99}, {"0.999", statistics.p999}};
    for (const auto& [quantile, value] : quantiles) {
      family.samples +=
          cat(family.name, label_text(labels, quantile), " ", number_text(value), "\n");
    }
  }
  std::string text() const {
    std::string text;
    for (const auto& [name, family] : families_)
      text += cat("# HELP ", name, " ", family.help, "\n# TYPE ", name, " ", family.type, "\n",
                  family.samples);
    return text;
  }

 private:
  struct Family {
    std::string name, help, type, samples;
  };

  Family& family_of(const std::string& scope, const std::string& name, const char* type) {
    const std::string full = cat("flink_", scope, "_", filtered(name));
    Family& family = families_[full];
    if (family.name.empty())
      family = {full, cat(filtered(name), " (scope: ", scope, ")"), type, ""};
    return family;
  }
  std::string label_text(const Labels& labels, std::string_view quantile = "") const {
    std::string text = "{";
    for (const auto& [name, value] : labels)
      text += cat(name, "=", quoted(filter_values_ ? filtered(value) : value), ",");
    if (!quantile.empty()) text += cat("quantile=", quoted(quantile), ",");
    return text + "}";
  }

  const bool filter_values_;
  std::map<std::string, Family> families_;
};

Labels labels_of_worker(const JobSnapshot::Worker* worker) {
  return {{"host", worker != nullptr ? worker->host : ""},
          {"tm_id", worker != nullptr ? worker->id : ""}};
}

void add_operators(const JobSnapshot& job, const TaskFigures& task, const Labels& of_task,
                   Page* page) {
  const auto& operators = job.vertices[static_cast<size_t>(task.vertex)].operators;
  for (const OperatorFigures& of : task.operators) {
    if (of.op < 0 || static_cast<size_t>(of.op) >= operators.size()) continue;
    Labels labels = of_task;
    labels.emplace_back("operator_id", operators[static_cast<size_t>(of.op)].id);
    labels.emplace_back("operator_name", operators[static_cast<size_t>(of.op)].name);
    for (const MetricValue& value : of.values) {
      if (value.histogram) {
        page->summary("taskmanager_job_task_operator", value.name, labels, *value.histogram);
      } else {
        page->gauge("taskmanager_job_task_operator", value.name, labels,
                    static_cast<double>(value.value));
      }
    }
  }
}

}  // namespace

std::string prometheus_text(const JobSnapshot& job, bool filter_values) {
  Page page(filter_values);
  int slots = 0;
  int used = 0;
  for (const JobSnapshot::Worker& worker : job.workers) {
    slots += worker.slots;
    used += worker.used_slots;
    for (const auto& [name, value] : rest::figures_of_worker(worker))
      page.gauge("taskmanager", name, labels_of_worker(&worker), value);
  }
  const Labels cluster = {{"host", ""}};
  page.gauge("jobmanager", "numRunningJobs", cluster, rest::has_ended(job) ? 0 : 1);
  page.gauge("jobmanager", "numRegisteredTaskManagers", cluster,
             static_cast<double>(job.workers.size()));
  page.gauge("jobmanager", "taskSlotsTotal", cluster, slots);
  page.gauge("jobmanager", "taskSlotsAvailable", cluster, slots - used);
  const Labels of_job = {{"job_id", job.job_id}, {"job_name", job.name}, {"host", ""}};
  for (const auto& [name, value] : rest::figures_of_job(job))
    page.gauge("jobmanager_job", name, of_job, value);
  const rest::WorkerOfSubtask worker_of(job);
  for (const TaskStatus& task : job.figures->tasks) {
    if (static_cast<size_t>(task.figures.vertex) >= job.vertices.size()) continue;
    const JobSnapshot::Vertex& vertex = job.vertices[static_cast<size_t>(task.figures.vertex)];
    Labels labels = labels_of_worker(worker_of(task.figures.subtask));
    labels.insert(labels.end(), {{"job_id", job.job_id},
                                 {"job_name", job.name},
                                 {"task_id", vertex.id},
                                 {"task_name", vertex.name},
                                 {"task_attempt_num", std::to_string(job.restarts)},
                                 {"subtask_index", std::to_string(task.figures.subtask)}});
    for (const auto& [name, value] : rest::figures_of_task(task))
      page.gauge("taskmanager_job_task", name, labels, value);
    add_operators(job, task.figures, labels, &page);
  }
  return page.text();
}

}  // namespace weir
