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
/// number apply to periodic checkpoints.
struct TriggerPolicyOptions {
  std::optional<MonotonicTime> interval{};  ///< none: not triggered by time
  /// Number of source events since the last trigger; 0: not triggered by events.
  int64_t event_threshold = 0;
  MonotonicTime min_pause{0};  ///< from the end of one checkpoint to the start of the next
  int max_concurrent = 1;
  /// Wait before a requested checkpoint that follows a failed one.
  MonotonicTime pause_after_failure = std::chrono::milliseconds(100);
  /// No new checkpoint starts while more deletions of old ones are in progress.
  int max_deletions = 8;
};

/// A request for a checkpoint.
struct CheckpointRequest {
  CheckpointKind kind = CheckpointKind::kPeriodic;
  SnapshotFormat format = SnapshotFormat::kConfigured;
  std::string target{};  ///< URI of the directory for a savepoint; empty for the other kinds
  /// Receives the completed checkpoint or the error. Called once. May be null.
  std::function<void(const StatusOr<CompletedCheckpoint>&)> done{};
  bool drain = false;  ///< kStop: StopMode::kDrain
};

/// Decides which checkpoint starts next, and when. Requested checkpoints wait here; a periodic one
/// is due by time or by the number of records. Pure: the caller passes the time in.
/// Order: savepoints, then manual checkpoints, then the final one, then the periodic one; the
/// oldest first within a kind. A savepoint starts beside any number of checkpoints; the others
/// wait until fewer than `max_concurrent` run. Interval and pause delay only periodic ones.
/// Nothing starts beside a savepoint, which a newer checkpoint could subsume, while the tasks have
/// not been notified of the previous one (ids must reach them in order), while too many old
/// checkpoints are being deleted, or during or after a checkpoint that ends the job.
class CheckpointRequestQueue {
 public:
  /// `incremental`: what the job's checkpoints are, unless a request says otherwise.
  explicit CheckpointRequestQueue(TriggerPolicyOptions options, bool incremental = false)
      : options_(options), incremental_(incremental) {}

  /// A new attempt is running. The queue must be empty.
  void begin_attempt(MonotonicTime now);
  /// Adds the number of events that the sources have emitted since the last call.
  void on_source_events(int64_t count) { events_since_trigger_ += count; }

  /// On an error, the request is dropped without calling `done`. INVALID_ARGUMENT: there is no such
  /// kind of checkpoint. FAILED_PRECONDITION: the job's last checkpoint was requested or is
  /// complete, or its checkpoints are not incremental. RESOURCE_EXHAUSTED: too many requests wait.
  Status add(CheckpointRequest request);

  struct Running {
    int pending = 0;         ///< number of checkpoints neither completed nor aborted
    bool preparing = false;  ///< one was started and its tasks have not been notified yet
    int deletions = 0;       ///< deletions of old checkpoints in progress
    bool savepoint = false;  ///< one of the pending is a savepoint
  };
  struct Decision {
    std::optional<CheckpointRequest> start{};  ///< removed from the queue, and counted as triggered
    /// If nothing starts: ask again at this time, or after an end, an event or a request.
    MonotonicTime ask_again = MonotonicTime::max();
  };
  Decision next(MonotonicTime now, const Running& running);

  enum class End { kCompleted, kFailed, kAborted /* no failure of its own */ };
  /// A checkpoint of this attempt or an earlier one has ended.
  void on_end(CheckpointKind kind, End end, MonotonicTime now);

  /// The attempt is over: returns all waiting requests, so that the caller can call their `done`.
  std::vector<CheckpointRequest> clear();

 private:
  MonotonicTime periodic_due(MonotonicTime now) const;

  const TriggerPolicyOptions options_;
  const bool incremental_;
  std::deque<CheckpointRequest> waiting_;  // in the order of add()
  MonotonicTime last_trigger_{0};          // the attempt's start if there was no trigger
  std::optional<MonotonicTime> last_end_;
  bool last_failed_ = false;
  int64_t events_since_trigger_ = 0;
  // State of the checkpoint that ends the job.
  enum class Last { kNone, kWaits, kRuns, kCompleted } last_ = Last::kNone;
};

}  // namespace weir
