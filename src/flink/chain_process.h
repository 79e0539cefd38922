#pragma once

#include "config/configuration.h"
#include "graph/job_graph.h"
#include "platform/byte_pipe.h"

namespace weir {

/// This process is the child of a Flink TaskManager: it runs one chain of the job, as
/// docs/formats/flink_host.md says, over `pipe`, until it is told to close or its input ends.
/// Returns the exit code.
int run_chain(const JobGraph& graph, const Configuration& configuration, BytePipe pipe);

}  // namespace weir
