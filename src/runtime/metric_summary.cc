#include "runtime/metric_summary.h"

#include <algorithm>

#include "base/strings.h"

namespace weir {

void MetricSummary::add(const std::string& operator_name, const MetricGroup& metrics) {
  metrics.for_each([&](const MetricGroup::Metric& metric) {
    const std::string name = cat(operator_name, ".", metric.name);
    const bool is_sum = metric.kind != MetricGroup::Kind::kGauge;
    auto line = std::find_if(lines_.begin(), lines_.end(), [&](const Line& each) {
      return each.name == name && each.is_sum == is_sum;
    });
    if (line == lines_.end()) line = lines_.insert(lines_.end(), Line{name, is_sum, {}});
    if (is_sum && !line->values.empty()) {
      line->values[0] += metric.value();
    } else {
      line->values.push_back(metric.value());
    }
  });
}

std::vector<std::string> MetricSummary::lines() const {
  std::vector<std::string> texts;
  for (const Line& line : lines_) {
    if (line.is_sum && line.values[0] == 0) continue;
    std::string& text = texts.emplace_back(cat("metric ", line.name, ":"));
    for (size_t i = 0; i < line.values.size(); ++i)
      text += cat(i == 0 ? " " : ", ", line.values[i]);
  }
  return texts;
}

}  // namespace weir
