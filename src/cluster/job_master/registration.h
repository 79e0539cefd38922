#pragma once

#include <string>
#include <string_view>

#include "cluster/messages.h"
#include "graph/job_graph.h"

namespace weir {

/// The reason to refuse a worker that registers with this message; empty if it belongs to the job.
/// `build`: of the coordinator's executable. Pure.
std::string reason_to_refuse(const RegisterWorker& worker, const JobGraph& graph,
                             std::string_view build);

}  // namespace weir
