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
  int64_t overlaps = 0;    ///< starts that went on although a later one began
  int64_t superseded = 0;  ///< those of them that gave way
  int64_t going_back = 0;  ///< starts from a checkpoint given by its path
  int64_t abandoned = 0;   ///< those from an abandoned one, which must be refused
  int64_t file_faults = 0;
  int64_t rests = 0;              ///< pauses within blocking work
  int64_t restarts_inside = 0;    ///< by the restart strategy
  int64_t restores = 0;           ///< times that a new process restored a checkpoint
  int64_t restores_rescaled = 0;  ///< at another parallelism
  int64_t retained_restores = 0;  ///< of checkpoints that remained at the end, one after another
  int64_t completed_checkpoints = 0;
  int64_t failed_checkpoints = 0;
  int64_t records = 0;

  void add(const RunStatistics& other);
};

struct RunResult {
  std::vector<std::string> failures;  ///< empty if all checks passed
  uint64_t trace_hash = 0;
  std::string description;         ///< the job of the seed, for the test's output
  std::vector<std::string> trace;  ///< the last lines, if requested
  RunStatistics statistics;
};

struct RunOptions {
  size_t trace_lines = 0;
  bool serve_ended_sessions =
      false;  ///< see ZooKeeperFaults::serve_ended (jobs on several processes only)
  bool rests =
      true;  ///< allow pauses within blocking work, if the seed has any (jobs in one process only)
  bool wide = true;  ///< see draw_workload()
};

/// Runs the job of a seed in a new world. The first phase has faults, and no wrong result may
/// become visible. The second phase has none, and the job must finish. Stops at the first failed
/// check.
RunResult run_seed(uint64_t seed, RunOptions options = {});

}  // namespace weir::sim
