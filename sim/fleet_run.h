#pragma once

#include "cluster_run.h"
#include "fleet_member.h"
#include "fleet_requests.h"

namespace weir::sim {

struct FleetStatistics {
  int64_t starts = 0;
  int64_t kills = 0;
  int64_t leader_kills = 0;
  int64_t asked_to_leave = 0;  ///< processes asked to leave instead of killed
  int64_t pauses = 0;
  int64_t depositions = 0;       ///< leaders paused at a write until another can lead
  int64_t delayed_barriers = 0;  ///< times that one was to arrive after the next checkpoint's
  int64_t partitions = 0;
  int64_t leaders = 0;           ///< times that a process was seen to start leading
  int64_t double_leaders = 0;    ///< looks at which two processes believed that they lead
  int64_t unfinished_exits = 0;  ///< times that a program ended by itself though the job had not
  int64_t attempts = 0;          ///< attempts that were seen to run
  int64_t rescaled =
      0;  ///< attempts restored from a checkpoint at another parallelism than the attempt before
  FleetRequests::Counts requests;
  RunStatistics engine;

  void add(const FleetStatistics& other);
};

struct FleetResult {
  std::vector<std::string> failures;  ///< empty if all checks passed
  uint64_t trace_hash = 0;
  std::string description;
  std::vector<std::string> trace;
  FleetStatistics statistics;
};

/// Runs the job of a seed on several processes. In the first phase processes are killed, paused and
/// partitioned, and no wrong result may become visible. In the second phase there are no faults,
/// and the job must finish.
FleetResult run_fleet(uint64_t seed, const FleetRoles& roles, RunOptions options = {});

}  // namespace weir::sim
