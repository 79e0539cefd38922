#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cluster_plan.h"

namespace weir::sim {

struct RunStatistics {
  MonotonicTime virtual_time{0};
  uint64_t events = 0;
  int64_t processes = 0;
  int64_t kills = 0;
  int64_t power_losses = 0;
  int64_t damages = 0;
  int64_t damages_while_running = 0;
  int64_t cancels = 0;
  int64_t file_faults = 0;
  int64_t rests = 0;              ///< of blocking work, in its middle
  int64_t restarts_inside = 0;    ///< by the restart strategy
  int64_t restores = 0;           ///< of a process from a checkpoint
  int64_t restores_rescaled = 0;  ///< at another parallelism
  int64_t retained_restores = 0;  ///< of checkpoints that were there at the end, one by one
  int64_t completed_checkpoints = 0;
  int64_t failed_checkpoints = 0;
  int64_t records = 0;

  void add(const RunStatistics& other);
};

struct RunResult {
  std::vector<std::string> failures;  ///< empty: all went as it must
  uint64_t trace_hash = 0;
  std::string description;         ///< what the seed ran, for people
  std::vector<std::string> trace;  ///< the last lines, if asked for
  RunStatistics statistics;
};

struct RunOptions {
  size_t trace_lines = 0;
  bool serve_ended_sessions =
      false;  ///< see ZooKeeperFaults::serve_ended (of a job on several processes)
  bool rests =
      true;  ///< of blocking work, in its middle, if the seed has any (of a job in one process)
  bool wide = true;  ///< see draw_workload()
};

/// Runs the job of a seed in a world of its own: first with faults, in which nothing wrong may
/// become visible, then without, in which it must finish. Stops at the first thing that is wrong.
RunResult run_seed(uint64_t seed, RunOptions options = {});

}  // namespace weir::sim
