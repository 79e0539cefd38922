#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "checkpoint/completed_checkpoint.h"
#include "platform/clock.h"

namespace weir {

/// One checkpoint, for people. Times of the wall clock are ms since 1970; -1: not yet.
struct CheckpointRecord {
  enum class State { kInProgress, kCompleted, kFailed };
  CheckpointId id = 0;
  CheckpointKind kind = CheckpointKind::kPeriodic;
  SnapshotFormat format = SnapshotFormat::kConfigured;
  State state = State::kInProgress;
  int64_t triggered_ms = -1;
  int64_t acknowledged_ms = -1;  ///< by the last subtask so far
  int64_t ended_ms = -1;
  int subtasks = 0;
  int acknowledged = 0;  ///< subtasks
  int64_t bytes = 0;     ///< of all its files, once it is complete

  MonotonicTime triggered{0};
  MonotonicTime ended{0};
  // Durations of its parts; none: not known. No task reports the first two yet.
  std::optional<MonotonicTime> alignment{};  ///< the longest of a task
  std::optional<MonotonicTime> sync{};       ///< the longest stop of a task
  std::optional<MonotonicTime> write{};      ///< from the trigger to the last acknowledgement
  std::optional<MonotonicTime> publish{};    ///< until `_metadata` was durable

  std::string uri{};       ///< of a completed one
  bool discarded = false;  ///< it was completed and has been deleted
  std::string failure{};   ///< of a failed one

  MonotonicTime duration() const { return ended - triggered; }  ///< of one that has ended
};

/// What an attempt started from.
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
/// None of no values.
std::optional<CheckpointFigures> figures_of(std::vector<int64_t> values);

/// A job's checkpoints under one coordinator.
struct CheckpointReport {
  int64_t restored = 0;  ///< attempts that started from one
  int64_t triggered = 0;
  int64_t completed = 0;
  int64_t failed = 0;   ///< declined, expired, malformed, not written
  int64_t aborted = 0;  ///< stopped with their attempt, or overtaken by a newer one
  std::optional<CheckpointRecord> latest_completed{};
  std::optional<CheckpointRecord> latest_savepoint{};
  std::optional<CheckpointRecord> latest_failed{};
  std::optional<RestoredCheckpoint> latest_restored{};
  // Only in CheckpointHistory::report().
  int in_progress = 0;
  std::vector<CheckpointRecord> history{};         ///< newest first, at most kCheckpointHistorySize
  std::optional<CheckpointFigures> bytes{};        ///< of the completed ones in the history
  std::optional<CheckpointFigures> duration_ms{};  ///< likewise

  /// Empty: none has failed.
  std::string last_failure() const { return latest_failed ? latest_failed->failure : ""; }
};
inline constexpr size_t kCheckpointHistorySize = 10;

/// Counts a job's checkpoints, and remembers the last ones. Pure: time comes in by argument.
/// Thread: the job master's; what report() returns any.
class CheckpointHistory {
 public:
  void on_restored(RestoredCheckpoint restored);
  void on_triggered(CheckpointRecord record);
  /// So many subtasks have acknowledged.
  void on_acknowledged(CheckpointId id, int subtasks, MonotonicTime now, int64_t wall_ms);
  void on_completed(const CompletedCheckpoint& checkpoint, MonotonicTime publish, MonotonicTime now,
                    int64_t wall_ms);
  /// It will never be complete. Whether it counts as a failure count_failure() says.
  void on_ended(CheckpointId id, const std::string& why, MonotonicTime now, int64_t wall_ms);
  /// Perhaps while its outcome is still open.
  void count_failure();
  void count_abort();
  void on_discarded(CheckpointId id);

  /// Counts and latest ones.
  const CheckpointReport& counts() const { return counts_; }
  /// All; the same object while nothing changes. `in_progress`: neither completed nor aborted.
  std::shared_ptr<const CheckpointReport> report(int in_progress);

 private:
  CheckpointRecord* change(CheckpointId id);  // null: it has left the history

  CheckpointReport counts_;
  std::deque<CheckpointRecord> records_;            // oldest first
  std::shared_ptr<const CheckpointReport> report_;  // null: to be made anew
};

}  // namespace weir
