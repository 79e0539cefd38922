#pragma once

#include "config/configuration.h"
#include "graph/job_graph.h"

namespace weir {

/// Runs the whole job in this process, until it ends, fails for good or is cancelled by a signal.
/// The exit code: 0 it ended, 1 it failed, 2 it was refused before the first record, 130 it was cancelled. What went wrong is
/// on standard error. Thread: the caller's, which is blocked meanwhile.
int run_embedded(const JobGraph& graph, const Configuration& configuration);

}  // namespace weir
