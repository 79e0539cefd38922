#pragma once

#include "fleet_member.h"

namespace weir::sim {

/// The engine's own: a CoordinatorProcess in a coordinator's process; in a worker's a Worker with
/// its DataServer and, if coordinators are elected, a LeaderFinder. Wired as
/// src/cluster/roles/run_job.cc wires them.
FleetRoles engine_roles();

}  // namespace weir::sim
