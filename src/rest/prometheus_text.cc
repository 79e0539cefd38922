#include "rest/prometheus_text.h"

#include <cmath>
#include <map>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "rest/figures_of.h"
#include "rest/report/reported_figures.h"

namespace weir {
namespace {

using Labels = rest::ReportedFigure::Variables;

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

  void gauge(std::string_view scope, std::string_view name, const Labels& labels, double value) {
    Family& family = family_of(scope, name, "gauge");
    family.samples += cat(family.name, label_text(labels), " ", number_text(value), "\n");
  }
  void summary(std::string_view scope, std::string_view name, const Labels& labels,
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

  Family& family_of(std::string_view scope, std::string_view name, const char* type) {
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

}  // namespace

std::string prometheus_text(const JobSnapshot& job, bool filter_values) {
  Page page(filter_values);
  rest::for_each_figure(job, [&](const rest::ReportedFigure& figure) {
    if (figure.histogram != nullptr) {
      page.summary(figure.scope, figure.name, figure.variables, *figure.histogram);
    } else {
      page.gauge(figure.scope, figure.name, figure.variables, figure.value);
    }
  });
  return page.text();
}

}  // namespace weir
