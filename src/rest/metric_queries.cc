#include "rest/metric_queries.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <utility>

#include "base/strings.h"
#include "config/value_text.h"

namespace weir::rest {
namespace {

bool is_wanted(const std::vector<std::string>& get, const std::string& name) {
  return std::find(get.begin(), get.end(), name) != get.end();
}

std::string plain_name(std::string_view name) {
  std::string plain(name);
  for (char& c : plain) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  }
  return plain;
}

void add_value(const std::string& prefix, const MetricValue& value,
               std::vector<NamedFigure>* figures) {
  const std::string name = prefix + value.name;
  if (!value.histogram) {
    figures->emplace_back(name, static_cast<double>(value.value));
    return;
  }
  const HistogramStatistics& h = *value.histogram;
  figures->insert(figures->end(), {{name + "_count", static_cast<double>(h.count)},
                                   {name + "_min", static_cast<double>(h.min)},
                                   {name + "_max", static_cast<double>(h.max)},
                                   {name + "_mean", h.mean},
                                   {name + "_stddev", h.stddev},
                                   {name + "_median", h.p50},
                                   {name + "_p75", h.p75},
                                   {name + "_p95", h.p95},
                                   {name + "_p98", h.p98},
                                   {name + "_p99", h.p99},
                                   {name + "_p999", h.p999}});
}

}  // namespace

std::vector<std::string> listed(std::string_view names) {
  std::vector<std::string> list;
  for (const std::string_view name : split(names, ',')) {
    if (!trim(name).empty()) list.emplace_back(trim(name));
  }
  return list;
}

std::optional<std::vector<int>> chosen_subtasks(std::string_view text, int parallelism) {
  // Ranges may overlap, and there may be many.
  std::vector<bool> is_chosen(static_cast<size_t>(parallelism), false);
  if (text.empty()) text = "0-2147483647";
  for (const std::string& range : listed(text)) {
    const size_t dash = range.find('-');
    const auto first = parse_int(range.substr(0, dash));
    const auto last = dash == range.npos ? first : parse_int(range.substr(dash + 1));
    if (!first.ok() || !last.ok() || *first < 0 || *first > *last) return std::nullopt;
    const int64_t end = std::min<int64_t>(*last, parallelism - 1);
    for (int64_t i = *first; i <= end; ++i) is_chosen[static_cast<size_t>(i)] = true;
  }
  std::vector<int> chosen;
  for (int i = 0; i < parallelism; ++i) {
    if (is_chosen[static_cast<size_t>(i)]) chosen.push_back(i);
  }
  return chosen;
}

std::vector<NamedFigure> figures_of_subtask(const JobSnapshot& job, size_t vertex, int subtask) {
  const TaskStatus* task = task_of(job, vertex, subtask);
  if (task == nullptr) return {};
  std::vector<NamedFigure> figures = figures_of_task(*task);
  const auto& operators = job.vertices[vertex].operators;
  for (const OperatorFigures& of : task->figures.operators) {
    if (of.op < 0 || static_cast<size_t>(of.op) >= operators.size()) continue;
    const std::string prefix = plain_name(operators[static_cast<size_t>(of.op)].name) + ".";
    for (const MetricValue& value : of.values) add_value(prefix, value, &figures);
  }
  return figures;
}

Json metrics_json(const std::vector<NamedFigure>& figures, const std::vector<std::string>& get) {
  Json list = Json::array();
  for (const auto& [name, value] : figures) {
    if (get.empty()) {
      list.push_back({{"id", name}});
    } else if (is_wanted(get, name)) {
      list.push_back({{"id", name}, {"value", text_of(value)}});
    }
  }
  return list;
}

Json vertex_metrics_json(const JobSnapshot& job, size_t vertex,
                         const std::vector<std::string>& get) {
  std::vector<NamedFigure> all;
  for (int i = 0; i < job.vertices[vertex].parallelism; ++i) {
    for (auto& [name, value] : figures_of_subtask(job, vertex, i))
      all.emplace_back(cat(i, ".", name), value);
  }
  return metrics_json(all, get);
}

Json aggregated_metrics_json(const std::vector<std::vector<NamedFigure>>& groups,
                             const std::vector<std::string>& get,
                             const std::vector<std::string>& aggregates) {
  std::map<std::string, std::vector<double>> values;
  for (const auto& group : groups) {
    for (const auto& [name, value] : group) {
      if (get.empty() || is_wanted(get, name)) values[name].push_back(value);
    }
  }
  Json list = Json::array();
  for (const auto& [name, of] : values) {
    Json entry = {{"id", name}};
    if (!get.empty()) {
      double sum = 0;
      for (const double value : of) sum += value;
      const double average = sum / static_cast<double>(of.size());
      const auto [least, most] = std::minmax_element(of.begin(), of.end());
      const std::pair<const char*, double> all[] = {
          {"min", *least},
          {"max", *most},
          {"avg", average},
          {"sum", sum},
          {"skew", average == 0 ? 0 : (*most - average) / average * 100}};
      for (const auto& [aggregate, value] : all) {
        if (aggregates.empty() || is_wanted(aggregates, aggregate)) entry[aggregate] = value;
      }
    }
    list.push_back(std::move(entry));
  }
  return list;
}

}  // namespace weir::rest
