#pragma once

#include "config/configuration.h"
#include "graph/job_graph.h"

namespace weir {

/// Does this process's part of a job, as the configuration says: all of it (the default), or a
/// coordinator's or a worker's. Returns when the job has ended, has failed for good or was
/// canceled by a signal; a worker or standby on a signal just leaves. The exit code: 0 it ended, 1
/// it failed, 2 it was refused before the first record, 130 it was canceled. What went wrong is on
/// standard error. Thread: the caller's, which is blocked meanwhile.
int run_job(const JobGraph& graph, const Configuration& configuration);

}  // namespace weir
