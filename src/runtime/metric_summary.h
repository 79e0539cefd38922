#pragma once

#include <string>
#include <vector>

#include "weir/metrics.h"

namespace weir {

/// What the subtasks of one process counted, for the log.
class MetricSummary {
 public:
  void add(const std::string& operator_name, const MetricGroup& metrics);
  /// One for each metric, `metric delays.late: 12`, but for counters of nothing.
  std::vector<std::string> lines() const;

 private:
  struct Line {
    std::string name;
    bool is_counter;
    std::vector<int64_t> values;  ///< of a counter: the sum
  };
  std::vector<Line> lines_;
};

}  // namespace weir
