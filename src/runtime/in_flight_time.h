#pragma once

#include "checkpoint/restore_plan.h"
#include "graph/job_graph.h"
#include "runtime/in_flight_restore.h"

namespace weir {

/// True if restored watermarks hold for the records that follow: only if each operator has the
/// parallelism that it had. Otherwise a forward edge may bring records that another subtask has not
/// promised to be newer. Then event time starts over, as after an aligned checkpoint. Pure.
bool keeps_event_time(const RestorePlan& plan, const JobGraph& graph);

/// Removes watermarks and idleness.
void forget_event_time(RestoredInFlight* in_flight);

}  // namespace weir
