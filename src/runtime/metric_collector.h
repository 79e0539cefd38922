#pragma once

#include "metrics/metric_report.h"
#include "runtime/job_execution.h"

namespace weir {

/// Reads the figures of all tasks of an execution while they run. Metrics of operators that exceed
/// kMaxReportedBytes are left out. Thread: any, as long as the execution lives.
MetricReport collect_metrics(const JobExecution& execution, MonotonicTime now);

}  // namespace weir
