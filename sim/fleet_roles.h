#pragma once

#include "fleet_member.h"

namespace weir::sim {

/// The engine's own roles. A coordinator's process runs a CoordinatorProcess. A worker's process
/// runs a Worker with its DataServer and, if coordinators are elected, a LeaderFinder. They are
/// connected as in src/cluster/roles/run_job.cc.
FleetRoles engine_roles();

}  // namespace weir::sim
