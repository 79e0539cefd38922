#pragma once

#include "config/configuration.h"
#include "graph/job_graph.h"
#include "weir/job_result.h"

namespace weir {

/// Runs a job in this process and touches nothing else of it: no signals, no standard streams, no
/// exit. Several may run at the same time. The failure of a job that was refused or has failed for
/// good. Thread: the caller's, which is blocked meanwhile.
StatusOr<JobResult> run_in_process(const JobGraph& graph, const Configuration& configuration,
                                   const RunOptions& options);

}  // namespace weir
