#pragma once

#include <string>
#include <vector>

#include "config/configuration.h"
#include "graph/job_graph.h"

namespace weir {

/// Writes the job's jar for Flink, and submits it over REST unless only the jar is wanted
/// (docs/flink.md). Returns when the job has ended there, or, if it is detached, when it has been
/// accepted. `program_arguments`: those of the command line that weir did not take. The exit code:
/// 0 it ended or was accepted, 1 it failed, 2 it was refused before anything was sent, 130 it was
/// canceled or is no longer watched.
int submit_to_flink(const JobGraph& graph, const Configuration& configuration,
                    const std::vector<std::string>& program_arguments);

}  // namespace weir
