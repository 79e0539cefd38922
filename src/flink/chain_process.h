#pragma once

#include "config/configuration.h"
#include "graph/job_graph.h"
#include "platform/byte_pipe.h"

namespace weir {

/// Runs one chain of the job in this process, a child of a Flink TaskManager, over `pipe`
/// (docs/formats/flink_host.md). Ends on CLOSE or at the end of input. Returns the exit code.
int run_chain(const JobGraph& graph, const Configuration& configuration, BytePipe pipe);

}  // namespace weir
