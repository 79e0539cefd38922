#pragma once

#include "cluster_run.h"
#include "fleet_member.h"

namespace weir::sim {

struct FleetStatistics {
  int64_t starts = 0;
  int64_t kills = 0;
  int64_t leader_kills = 0;
  int64_t asked_to_leave = 0;  ///< instead of being killed
  int64_t pauses = 0;
  int64_t depositions = 0;  ///< leaders stopped where they write, until another can lead
  int64_t partitions = 0;
  int64_t leaders = 0;           ///< times that a process was seen to begin to lead
  int64_t double_leaders = 0;    ///< looks at which two believed to
  int64_t unfinished_exits = 0;  ///< a program ended by itself though the job had not
  int64_t attempts = 0;          ///< that were seen to run
  int64_t rescaled =
      0;  ///< of those: restored from a checkpoint at another parallelism than the attempt before
  RunStatistics engine;

  void add(const FleetStatistics& other);
};

struct FleetResult {
  std::vector<std::string> failures;  ///< empty: all went as it must
  uint64_t trace_hash = 0;
  std::string description;
  std::vector<std::string> trace;
  FleetStatistics statistics;
};

/// Runs the job of a seed on several processes: first processes are killed, paused and cut off from
/// each other, and nothing wrong may become visible; then all is calm, and the job must finish.
FleetResult run_fleet(uint64_t seed, const FleetRoles& roles, RunOptions options = {});

}  // namespace weir::sim
