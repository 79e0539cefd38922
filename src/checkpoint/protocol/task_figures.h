#pragma once

#include <cstdint>
#include <vector>

namespace weir {

/// How one task has taken part in a checkpoint. Only for display: no decision depends on it.
/// Durations are in us, by the clock of the task's process.
struct TaskCheckpointFigures {
  int32_t vertex = 0;
  int32_t subtask = 0;
  /// From the time when the process learned of the checkpoint to the task's first barrier.
  int64_t start_delay_us = 0;
  int64_t alignment_us = 0;  ///< from the first barrier to the last
  int64_t sync_us = 0;       ///< the step that marked the state: no record was processed meanwhile
  int64_t async_us = 0;      ///< from then until the process had written the state of all its tasks
  std::vector<int64_t> state_bytes{};  ///< of all state in files, by operator of the chain
  /// When the coordinator learned of it, in ms since 1970. Set by the coordinator.
  int64_t acknowledged_ms = -1;
  bool overtook = false;        ///< the barrier overtook what was in flight to the task
  int64_t in_flight_bytes = 0;  ///< of what it overtook
  bool operator==(const TaskCheckpointFigures&) const = default;

  int64_t bytes() const {
    int64_t sum = 0;
    for (const int64_t each : state_bytes) sum += each;
    return sum;
  }
};

}  // namespace weir
