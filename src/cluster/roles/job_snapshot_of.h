#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cluster/job_master/job_status.h"
#include "cluster/job_options.h"
#include "graph/job_graph.h"
#include "rest/job_snapshot.h"

namespace weir {

/// The settings as the REST interface shows them: without secrets.
std::vector<std::pair<std::string, std::string>> shown_settings(const Configuration& configuration);

/// The view of a job, in Flink's words. Pure. `settings`: as shown_settings() has them.
std::shared_ptr<const JobSnapshot> job_snapshot_of(
    const JobGraph& graph, const JobOptions& options, const JobView& view,
    std::vector<std::pair<std::string, std::string>> settings, int64_t now_ms);

}  // namespace weir
