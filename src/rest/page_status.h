#pragma once

#include <optional>

#include "rest/job_snapshot.h"
#include "rest/json_value.h"

namespace weir::rest {

/// The body from which the page at /weir/ knows the job: the job, its graph with figures by
/// vertex, checkpoints, failures and workers. Times are in ms since 1970, durations in ms unless
/// the name says us, shares between 0 and 1. `vertex`: the figures of its subtasks follow, as one
/// list for each figure. Pure. The form may change with any version: it is for the page alone.
Json page_status_json(const JobSnapshot& job, std::optional<size_t> vertex);

}  // namespace weir::rest
