#pragma once

#include "config/configuration.h"
#include "graph/job_graph.h"

namespace weir {

/// Runs this process's part of a job, as configured: all of it (the default), a coordinator's or a
/// worker's. Returns when the job has ended, has failed for good or was canceled by a signal. On a
/// signal, a worker or standby just leaves. Exit codes: 0 the job ended, 1 it failed, 2 it was
/// refused before the first record, 130 it was canceled. Prints errors on standard error. Thread:
/// blocks the caller's.
int run_job(const JobGraph& graph, const Configuration& configuration);

}  // namespace weir
