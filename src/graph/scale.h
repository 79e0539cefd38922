#pragma once

#include "graph/job_graph.h"

namespace weir {

/// The parallelism of the widest vertex, which is the number of slots that the job needs.
int slots_wanted(const JobGraph& graph);

/// The same graph with no vertex wider than `slots` (at least 1). Everything else stays, including
/// the fingerprint and the max parallelisms, so state of one graph fits the other. Pure.
JobGraph limit_parallelism(const JobGraph& graph, int slots);

}  // namespace weir
