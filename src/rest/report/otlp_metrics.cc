#include <cmath>
#include <map>

#include "base/strings.h"
#include "base/version.h"
#include "rest/json.h"
#include "rest/report/otlp.h"
#include "rest/report/otlp_parts.h"
#include "rest/report/reported_figures.h"

namespace weir::rest {
namespace {

constexpr int kCumulative = 2;  // AGGREGATION_TEMPORALITY_CUMULATIVE

std::string dotted(std::string_view scope) {
  std::string text(scope);
  for (char& c : text) {
    if (c == '_') c = '.';
  }
  return text;
}

/// One metric with the points of all its subtasks.
struct Family {
  enum class Kind { kGauge, kSum, kSummary } kind = Kind::kGauge;
  Json points = Json::array();
};

Json summary_point(const HistogramStatistics& h) {
  Json quantiles = Json::array();
  for (const auto& [quantile, value] : {std::pair{0.0, static_cast<double>(h.min)},
                                        {0.5, h.p50},
                                        {0.75, h.p75},
                                        {0.95, h.p95},
                                        {0.99, h.p99},
                                        {1.0, static_cast<double>(h.max)}})
    quantiles.push_back({{"quantile", quantile}, {"value", value}});
  return {{"count", std::to_string(h.count)},
          {"sum", h.mean * static_cast<double>(h.count)},
          {"quantileValues", std::move(quantiles)}};
}

Json metric_json(const std::string& name, Family family) {
  Json json = {{"name", name}};
  switch (family.kind) {
    case Family::Kind::kGauge: json["gauge"] = {{"dataPoints", std::move(family.points)}}; break;
    case Family::Kind::kSummary:
      json["summary"] = {{"dataPoints", std::move(family.points)}};
      break;
    case Family::Kind::kSum:
      json["sum"] = {{"dataPoints", std::move(family.points)},
                     {"aggregationTemporality", kCumulative},
                     {"isMonotonic", true}};
      break;
  }
  return json;
}

}  // namespace

std::string otlp_metrics(const JobSnapshot& job, const OtlpService& service) {
  const std::string now = nanoseconds_of(job.now_ms);
  const std::string begin =
      nanoseconds_of(job.tasks_since_ms >= 0 ? job.tasks_since_ms : job.started_ms);
  std::map<std::string, Family> families;
  for_each_figure(job, [&](const ReportedFigure& figure) {
    // JSON has no infinity and no NaN, and a collector would refuse the whole report for one.
    if (figure.histogram == nullptr && !std::isfinite(figure.value)) return;
    Family& family = families[cat("flink.", dotted(figure.scope), ".", figure.name)];
    Json point;
    if (figure.histogram != nullptr) {
      family.kind = Family::Kind::kSummary;
      point = summary_point(*figure.histogram);
    } else if (figure.counts) {
      family.kind = Family::Kind::kSum;
      point = {{"asInt", std::to_string(static_cast<int64_t>(figure.value))}};
      point["startTimeUnixNano"] = begin;
    } else {
      point = {{"asDouble", figure.value}};
      point["flags"] = 0;
    }
    point["timeUnixNano"] = now;
    point["attributes"] = attributes_of(figure.variables);
    family.points.push_back(std::move(point));
  });
  Json metrics = Json::array();
  for (auto& [name, family] : families) metrics.push_back(metric_json(name, std::move(family)));
  Json scope = Json::object();
  scope["scope"] = scope_json();
  scope["metrics"] = std::move(metrics);
  Json resource = Json::object();
  resource["resource"] = resource_json(service);
  resource["scopeMetrics"] = Json::array({scope});
  Json body = Json::object();
  body["resourceMetrics"] = Json::array({resource});
  return body.text();
}

}  // namespace weir::rest
