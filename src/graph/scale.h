#pragma once

#include "graph/job_graph.h"

namespace weir {

/// Subtasks of the widest vertex: the slots that the job wants.
int slots_wanted(const JobGraph& graph);

/// The same graph with no vertex wider than `slots` (at least 1). Everything else stays, also the
/// fingerprint and the max parallelisms: state of the one fits the other. Pure.
JobGraph limit_parallelism(const JobGraph& graph, int slots);

}  // namespace weir
