#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "checkpoint/completed_checkpoint.h"
#include "platform/clock.h"
#include "weir/status.h"

namespace weir {

/// The keys of the same names below `execution.checkpointing.`. Interval, threshold, pause and
/// number are about periodic checkpoints.
struct TriggerPolicyOptions {
  std::optional<MonotonicTime> interval{};  ///< none: not by time
  int64_t event_threshold =
      0;  ///< after that many source events since the last trigger; 0: not by events
  MonotonicTime min_pause{0};  ///< from the end of one to the start of the next
  int max_concurrent = 1;
  MonotonicTime pause_after_failure =
      std::chrono::milliseconds(100);  ///< before a requested one that follows a failed one
  int max_deletions = 8;  ///< no new one while more old ones than this are still being deleted
};

/// A checkpoint that is to be taken.
struct CheckpointRequest {
  CheckpointKind kind = CheckpointKind::kPeriodic;
  SnapshotFormat format = SnapshotFormat::kConfigured;
  std::string target{};  ///< URI of the directory for a savepoint; empty: the job's own
  /// Gets the completed checkpoint, or why there is none. Once. May be null.
  std::function<void(const StatusOr<CompletedCheckpoint>&)> done{};
};

/// Decides which checkpoint starts next, and when: those that were asked for wait here, and a
/// periodic one is due by time or by the number of records. Pure: time comes in by argument.
/// Order: savepoints, then manual checkpoints, then the final one, then the periodic one; within a
/// kind the oldest first. A savepoint may run beside as many checkpoints as there are; the others
/// wait until fewer than `max_concurrent` run. Interval and pause delay periodic ones only.
/// Nothing starts while the tasks do not know of the one before (ids must reach them in order), nor
/// while too many old ones are being deleted, nor beside or after one that ends the job.
class CheckpointRequestQueue {
 public:
  explicit CheckpointRequestQueue(TriggerPolicyOptions options) : options_(std::move(options)) {}

  /// A new attempt runs. Nothing may be queued.
  void begin_attempt(MonotonicTime now);
  /// Records that the sources have emitted since the last call.
  void on_source_events(int64_t count) { events_since_trigger_ += count; }

  /// Not OK: refused, and the request is dropped without a call of `done`. INVALID_ARGUMENT: there
  /// is no such checkpoint. FAILED_PRECONDITION: the last checkpoint of the job has been asked for
  /// or is complete. RESOURCE_EXHAUSTED: too many wait.
  Status add(CheckpointRequest request);

  struct Running {
    int pending = 0;         ///< neither completed nor aborted
    bool preparing = false;  ///< one was started and its tasks do not know of it yet
    int deletions = 0;       ///< of old checkpoints, under way
  };
  struct Decision {
    std::optional<CheckpointRequest> start{};  ///< it has left the queue, and counts as triggered
    /// Without a start: ask again then, or when something has happened (an end, an event, a
    /// request).
    MonotonicTime ask_again = MonotonicTime::max();
  };
  Decision next(MonotonicTime now, const Running& running);

  enum class End { kCompleted, kFailed, kAborted /* no failure of its own */ };
  /// A checkpoint of this attempt or an earlier one has ended.
  void on_end(CheckpointKind kind, End end, MonotonicTime now);

  /// The attempt is over: all that wait, for their `done`.
  std::vector<CheckpointRequest> clear();

 private:
  MonotonicTime periodic_due(MonotonicTime now) const;

  const TriggerPolicyOptions options_;
  std::deque<CheckpointRequest> waiting_;  // in the order of add()
  MonotonicTime last_trigger_{0};          // the attempt's start if there was none
  std::optional<MonotonicTime> last_end_;
  bool last_failed_ = false;
  int64_t events_since_trigger_ = 0;
  // Of the one that ends the job.
  enum class Last { kNone, kWaits, kRuns, kCompleted } last_ = Last::kNone;
};

}  // namespace weir
