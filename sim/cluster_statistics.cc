#include "cluster_run.h"

namespace weir::sim {

void RunStatistics::add(const RunStatistics& other) {
  virtual_time += other.virtual_time;
  events += other.events;
  processes += other.processes;
  kills += other.kills;
  power_losses += other.power_losses;
  damages += other.damages;
  damages_while_running += other.damages_while_running;
  cancels += other.cancels;
  overlaps += other.overlaps;
  superseded += other.superseded;
  going_back += other.going_back;
  abandoned += other.abandoned;
  file_faults += other.file_faults;
  rests += other.rests;
  restarts_inside += other.restarts_inside;
  restores += other.restores;
  restores_rescaled += other.restores_rescaled;
  retained_restores += other.retained_restores;
  completed_checkpoints += other.completed_checkpoints;
  failed_checkpoints += other.failed_checkpoints;
  records += other.records;
}

}  // namespace weir::sim
