#pragma once

#include "checkpoint/leader_store.h"
#include "checkpoint/sidecar.h"
#include "cluster/job_options.h"
#include "graph/job_graph.h"

namespace weir {

// A job is its id and the program's own flags. Whoever goes on with another job's work would mix
// the results of two. Pure.

/// Whether a checkpoint, as its sidecar has it, was made by the job with these arguments.
/// FAILED_PRECONDITION names the flags that differ.
Status check_arguments(const Sidecar& sidecar, const JobGraph& graph, const JobOptions& options);

/// What elected leaders record of the job.
RecordedJob recorded_job(const JobGraph& graph);
/// Whether a cluster that runs `recorded` may be led by a process of `mine`. FAILED_PRECONDITION:
/// it is another job, or the same with other arguments and `accept_changed_job` is not set.
Status check_same_job(const RecordedJob& recorded, const RecordedJob& mine,
                      bool accept_changed_job);

}  // namespace weir
