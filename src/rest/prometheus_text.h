#pragma once

#include <string>

#include "rest/job_snapshot.h"

namespace weir {

/// The figures of a job in Prometheus' text format (version 0.0.4), with the names and labels that
/// Flink's Prometheus reporter gives them: a scope such as taskmanager_job_task and the metric's
/// name behind "flink_", and counters as gauges. Figures without a counterpart in Flink have names
/// of the same form. Pure.
/// `filter_values`: replaces what is no letter, digit, ':' or '_' in labels' values by '_', as
/// Flink's does unless it is told otherwise.
std::string prometheus_text(const JobSnapshot& job, bool filter_values);

}  // namespace weir
