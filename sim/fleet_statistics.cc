#include "fleet_run.h"

namespace weir::sim {

void FleetStatistics::add(const FleetStatistics& other) {
  starts += other.starts;
  kills += other.kills;
  leader_kills += other.leader_kills;
  asked_to_leave += other.asked_to_leave;
  pauses += other.pauses;
  depositions += other.depositions;
  delayed_barriers += other.delayed_barriers;
  partitions += other.partitions;
  leaders += other.leaders;
  double_leaders += other.double_leaders;
  unfinished_exits += other.unfinished_exits;
  attempts += other.attempts;
  rescaled += other.rescaled;
  requests.add(other.requests);
  engine.add(other.engine);
}

}  // namespace weir::sim
