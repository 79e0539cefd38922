#pragma once

#include <string>
#include <vector>

#include "rest/job_snapshot.h"

namespace weir::rest {

/// The figures as datagrams for StatsD, each with lines of "name:value|g" up to `most_bytes`. Names
/// have Flink's default scopes: HOST.taskmanager.WORKER.JOB.TASK.SUBTASK.metric. As in Flink,
/// everything is a gauge, a histogram is one for each of its statistics, and ':' becomes '-'. A
/// line that is longer than `most_bytes` is left out. Pure.
std::vector<std::string> statsd_datagrams(const JobSnapshot& job, size_t most_bytes);

/// The figures as lines of a log, "name: value", with the same names. Pure.
std::string log_lines(const JobSnapshot& job);

}  // namespace weir::rest
