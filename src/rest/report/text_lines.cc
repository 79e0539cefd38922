#include "rest/report/text_lines.h"

#include <cmath>
#include <functional>

#include "base/strings.h"
#include "rest/figures_of.h"
#include "rest/report/reported_figures.h"

namespace weir::rest {
namespace {

/// Flink's default scope formats (metrics.scope.*).
std::string full_name(const ReportedFigure& figure) {
  const auto host = [&] {
    const std::string_view name = figure.variable("host");
    return name.empty() ? std::string_view("localhost") : name;
  };
  std::string text(host());
  if (figure.scope.starts_with("jobmanager")) {
    text += ".jobmanager";
    if (figure.scope == "jobmanager_job") text += cat(".", figure.variable("job_name"));
  } else {
    text += cat(".taskmanager.", figure.variable("tm_id"));
    const bool of_operator = figure.scope == "taskmanager_job_task_operator";
    if (figure.scope != "taskmanager") {
      text += cat(".", figure.variable("job_name"), ".",
                  figure.variable(of_operator ? "operator_name" : "task_name"), ".",
                  figure.variable("subtask_index"));
    }
  }
  return cat(text, ".", figure.name);
}

void for_each_line(const JobSnapshot& job,
                   const std::function<void(const std::string& name, double value)>& take) {
  for_each_figure(job, [&](const ReportedFigure& figure) {
    const std::string name = full_name(figure);
    if (figure.histogram == nullptr) {
      if (std::isfinite(figure.value)) take(name, figure.value);
      return;
    }
    const HistogramStatistics& h = *figure.histogram;
    take(name + ".count", static_cast<double>(h.count));
    take(name + ".max", static_cast<double>(h.max));
    take(name + ".min", static_cast<double>(h.min));
    take(name + ".mean", h.mean);
    take(name + ".stddev", h.stddev);
    take(name + ".p50", h.p50);
    take(name + ".p75", h.p75);
    take(name + ".p95", h.p95);
    take(name + ".p98", h.p98);
    take(name + ".p99", h.p99);
    take(name + ".p999", h.p999);
  });
}

/// StatsD's separators, and what would begin another line.
std::string plain_name(std::string name) {
  for (char& c : name) {
    if (c == ':' || c == '|' || c == '@' || static_cast<unsigned char>(c) < 0x20) c = '-';
  }
  return name;
}

}  // namespace

std::vector<std::string> statsd_datagrams(const JobSnapshot& job, size_t most_bytes) {
  std::vector<std::string> datagrams;
  for_each_line(job, [&](const std::string& name, double value) {
    // A negative gauge would be taken for a change, so it is set to 0 first.
    const std::string plain = plain_name(name);
    std::string line = cat(plain, ":", text_of(value), "|g");
    if (value < 0) line = cat(plain, ":0|g\n", line);
    if (line.size() > most_bytes) return;
    if (datagrams.empty() || datagrams.back().size() + 1 + line.size() > most_bytes) {
      datagrams.push_back(std::move(line));
    } else {
      datagrams.back() += cat("\n", line);
    }
  });
  return datagrams;
}

std::string log_lines(const JobSnapshot& job) {
  std::string text;
  for_each_line(job, [&](const std::string& name, double value) {
    text += cat(name, ": ", text_of(value), "\n");
  });
  return text;
}

}  // namespace weir::rest
