#pragma once

#include "config/configuration.h"
#include "graph/job_graph.h"

namespace weir {

/// Writes the job's jar for Flink, and submits it over REST unless only the jar is wanted (docs/flink.md). Returns the exit code.
int submit_to_flink(const JobGraph& graph, const Configuration& configuration);

}  // namespace weir
