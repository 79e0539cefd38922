#pragma once

#include "config/configuration.h"
#include "graph/job_graph.h"
#include "weir/stream/job_result.h"

namespace weir {

/// Runs a job inside this process without touching the rest of it: no signals, no standard streams,
/// no exit. Several may run at the same time. Returns the failure if the job was refused or failed
/// for good. Thread: blocks the caller's.
StatusOr<JobResult> run_in_process(const JobGraph& graph, const Configuration& configuration,
                                   const RunOptions& options);

}  // namespace weir
