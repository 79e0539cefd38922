#pragma once

#include <string>
#include <string_view>

#include "cluster/messages.h"
#include "graph/job_graph.h"

namespace weir {

/// Why a worker that introduces itself like this cannot belong to the job; empty: it can. `build`:
/// of the coordinator's executable. Pure.
std::string reason_to_refuse(const RegisterWorker& worker, const JobGraph& graph,
                             std::string_view build);

}  // namespace weir
