#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rest/job_snapshot.h"

namespace weir::rest {

/// One figure of a job, with the scope and the variables that Flink gives it.
struct ReportedFigure {
  using Variables = std::vector<std::pair<std::string, std::string>>;

  std::string_view scope;      ///< such as taskmanager_job_task
  const Variables& variables;  ///< such as job_name and its value
  std::string_view name;
  bool counts = false;  ///< it only grows while the attempt lasts
  double value = 0;
  const HistogramStatistics* histogram = nullptr;  ///< of a histogram; then `value` means nothing

  /// The value of a variable; empty: it has none of that name.
  std::string_view variable(std::string_view of) const;
};

/// Calls `take` for every figure: of the coordinator, the job, the workers, tasks and operators.
/// References are valid during the call. Pure.
void for_each_figure(const JobSnapshot& job,
                     const std::function<void(const ReportedFigure&)>& take);

}  // namespace weir::rest
