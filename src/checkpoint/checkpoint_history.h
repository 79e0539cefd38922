#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "checkpoint/completed_checkpoint.h"
#include "checkpoint/protocol/task_figures.h"
#include "platform/clock.h"

namespace weir {

/// One checkpoint, for display. Wall-clock times are in ms since 1970; -1: not yet.
struct CheckpointRecord {
  enum class State { kInProgress, kCompleted, kFailed };
  CheckpointId id = 0;
  CheckpointKind kind = CheckpointKind::kPeriodic;
  SnapshotFormat format = SnapshotFormat::kConfigured;
  State state = State::kInProgress;
  int64_t triggered_ms = -1;
  int64_t acknowledged_ms = -1;  ///< time of the latest acknowledgement so far
  int64_t ended_ms = -1;
  int subtasks = 0;
  int acknowledged = 0;  ///< number of subtasks
  int64_t bytes = 0;     ///< of all its files; known once it is complete

  MonotonicTime triggered{0};
  MonotonicTime ended{0};
  // Durations of its phases; none: not known. The first two are known once it has ended.
  std::optional<MonotonicTime> alignment{};  ///< the longest of any task
  std::optional<MonotonicTime> sync{};       ///< the longest pause of any task
  std::optional<MonotonicTime> write{};      ///< from the trigger to the last acknowledgement
  std::optional<MonotonicTime> publish{};    ///< until `_metadata` was durable

  /// The tasks that have acknowledged, by vertex, then by subtask; null until it has ended.
  std::shared_ptr<const std::vector<TaskCheckpointFigures>> tasks{};

  std::string uri{};       ///< if completed
  bool discarded = false;  ///< completed, and deleted since
  std::string failure{};   ///< if it failed

  MonotonicTime duration() const { return ended - triggered; }  ///< valid once it has ended
};

/// One ended checkpoint of the recent past, for plots. Durations are in us.
struct CheckpointPoint {
  CheckpointId id = 0;
  bool completed = false;
  bool savepoint = false;
  int64_t triggered_ms = -1;  ///< wall clock
  int64_t duration_us = 0;
  int64_t alignment_us = 0;  ///< the longest of any task, as are the next two
  int64_t sync_us = 0;
  int64_t async_us = 0;
  int64_t publish_us = 0;
  int64_t bytes = 0;
  bool operator==(const CheckpointPoint&) const = default;
};

/// The checkpoint that an attempt was restored from.
struct RestoredCheckpoint {
  CheckpointId id = -1;  ///< -1: a fresh start
  std::string uri{};
  int64_t restored_ms = -1;  ///< wall clock
};

struct CheckpointFigures {
  int64_t min = 0;
  int64_t max = 0;
  int64_t average = 0;
  int64_t p50 = 0, p90 = 0, p95 = 0, p99 = 0, p999 = 0;
  bool operator==(const CheckpointFigures&) const = default;
};
/// None if there are no values.
std::optional<CheckpointFigures> figures_of(std::vector<int64_t> values);

/// The checkpoints that one coordinator has taken for a job.
struct CheckpointReport {
  int64_t restored = 0;  ///< attempts that were restored from a checkpoint
  int64_t triggered = 0;
  int64_t completed = 0;
  int64_t failed = 0;   ///< declined, expired, malformed, or not written
  int64_t aborted = 0;  ///< stopped with their attempt, or overtaken by a newer checkpoint
  std::optional<CheckpointRecord> latest_completed{};
  std::optional<CheckpointRecord> latest_savepoint{};
  std::optional<CheckpointRecord> latest_failed{};
  std::optional<RestoredCheckpoint> latest_restored{};
  // Set only by CheckpointHistory::report().
  int in_progress = 0;
  std::vector<CheckpointRecord> history{};         ///< newest first, at most kCheckpointHistorySize
  std::vector<CheckpointPoint> recent{};           ///< oldest first, at most kRecentCheckpoints
  std::optional<CheckpointFigures> bytes{};        ///< of the completed ones in the history
  std::optional<CheckpointFigures> duration_ms{};  ///< of the completed ones in the history

  /// Empty if none has failed.
  std::string last_failure() const { return latest_failed ? latest_failed->failure : ""; }
};
inline constexpr size_t kCheckpointHistorySize = 10;
inline constexpr size_t kRecentCheckpoints = 200;

/// Counts a job's checkpoints and keeps the latest ones. Pure: the caller passes the time in.
/// Thread: the job master's; any thread may read the result of report().
class CheckpointHistory {
 public:
  void on_restored(RestoredCheckpoint restored);
  void on_triggered(CheckpointRecord record);
  /// `subtasks`: the number of subtasks that have acknowledged; `tasks`: those of this message.
  void on_acknowledged(CheckpointId id, int subtasks, MonotonicTime now, int64_t wall_ms,
                       std::vector<TaskCheckpointFigures> tasks = {});
  void on_completed(const CompletedCheckpoint& checkpoint, MonotonicTime publish, MonotonicTime now,
                    int64_t wall_ms);
  /// The checkpoint will never complete. Call count_failure() as well if it counts as a failure.
  void on_ended(CheckpointId id, const std::string& why, MonotonicTime now, int64_t wall_ms);
  /// May be called while the outcome is still open.
  void count_failure();
  void count_abort();
  void on_discarded(CheckpointId id);

  /// The counters and the latest checkpoints.
  const CheckpointReport& counts() const { return counts_; }
  /// The whole report; returns the same object until something changes. `in_progress`: the number
  /// of checkpoints that are neither completed nor aborted.
  std::shared_ptr<const CheckpointReport> report(int in_progress);

 private:
  CheckpointRecord* change(CheckpointId id);  // null: no longer in the history
  /// Its outcome is known.
  void close(CheckpointRecord* record);

  CheckpointReport counts_;
  std::deque<CheckpointRecord> records_;                              // oldest first
  std::map<CheckpointId, std::vector<TaskCheckpointFigures>> tasks_;  // of open checkpoints
  std::deque<CheckpointPoint> recent_;                                // oldest first
  std::shared_ptr<const CheckpointReport> report_;                    // null: must be rebuilt
};

}  // namespace weir
