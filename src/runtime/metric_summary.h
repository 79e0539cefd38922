#pragma once

#include <string>
#include <vector>

#include "weir/metrics.h"

namespace weir {

/// Sums up the metrics of the subtasks of one process, for the log.
class MetricSummary {
 public:
  void add(const std::string& operator_name, const MetricGroup& metrics);
  /// One line for each metric, such as `metric delays.late: 12`. Counters of 0 are left out.
  std::vector<std::string> lines() const;

 private:
  struct Line {
    std::string name;
    bool is_sum;
    std::vector<int64_t> values;  ///< a counter has one, the sum
  };
  std::vector<Line> lines_;
};

}  // namespace weir
