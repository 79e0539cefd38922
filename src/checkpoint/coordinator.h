#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "checkpoint/cleaner.h"
#include "checkpoint/leader_store.h"
#include "checkpoint/lineage.h"
#include "checkpoint/pending_checkpoint.h"
#include "checkpoint/publication.h"
#include "checkpoint/retention.h"
#include "checkpoint/trigger_policy.h"
#include "platform/clock.h"
#include "platform/random.h"

namespace weir {

struct CoordinatorOptions {
  FileLocation job;  ///< `<dir>/<job id>`; exists
  std::string job_name;
  JobId job_id;
  std::string fingerprint;                       ///< of the graph; for the sidecar
  std::map<std::string, std::string> arguments;  ///< likewise
  StartNumber start =
      0;  ///< a checkpoint counts only while no later start is recorded; 0: starts are not recorded
  MetadataVersion metadata_version = MetadataVersion::k4;

  TriggerPolicyOptions trigger;
  MonotonicTime timeout = std::chrono::minutes(10);
  int tolerable_failed_checkpoints = 0;  ///< consecutive ones
  int num_retained = 1;
  RetentionPolicy retention = RetentionPolicy::kRetainOnCancellation;

  CheckpointId highest_used_id = 0;  ///< new ids start above it
  std::vector<CheckpointId>
      orphans;  ///< of checkpoints that were never completed: removed when one has been completed
  std::vector<CheckpointId> unconfirmed;  ///< complete ones that nobody has pointed at: likewise
  std::vector<CheckpointId>
      completed;  ///< that are there already and belong to the job: retention counts them
  std::shared_ptr<LeaderStore> store;  ///< a checkpoint is complete only when this points at it;
                                       ///< null: when `_metadata` exists
};

struct CompletedCheckpoint {
  CheckpointId id = 0;
  std::string uri;
  int64_t timestamp_ms = 0;
  MonotonicTime duration{0};  ///< from the trigger until it was durable
  int64_t bytes = 0;
};

struct CheckpointStatistics {
  int64_t completed = 0;  ///< since the coordinator was made
  int64_t failed =
      0;  ///< declined, expired, malformed, not written; not those stopped with their attempt
  int pending = 0;
  CheckpointId last_completed_id = -1;
  MonotonicTime last_duration{0};
  int64_t last_bytes = 0;
  MonotonicTime last_completed_at{0};
  std::string last_failure;
};

/// What the coordinator needs of the job master. Called on its thread. From within a call the host
/// may call stop().
class CheckpointHost {
 public:
  virtual ~CheckpointHost() = default;
  /// To every process of the attempt that the message names.
  virtual void send_trigger(const TriggerCheckpoint& message) = 0;
  virtual void send_complete(const NotifyCheckpointComplete& message) = 0;
  virtual void send_aborted(const NotifyCheckpointAborted& message) = 0;
  /// Runs `work` on the I/O pool, then what it returns on the job master's thread, never from
  /// within this call.
  virtual void run_blocking(std::function<std::function<void()>()> work) = 0;
  /// More consecutive checkpoints failed than tolerated: the attempt should fail. At most once an
  /// attempt.
  virtual void on_checkpoint_failure_beyond_tolerance(const Status& status) = 0;
  virtual void on_completed(const CompletedCheckpoint& checkpoint) = 0;
};

/// Takes a job's checkpoints: when, by whom, until they are durable, and what is deleted then.
/// Thread: the job master's. Owned by it, and destroyed only when no work of run_blocking() can
/// answer any more. Invariants:
///   ids grow strictly, over all attempts, and none is used twice, whatever became of it;
///   one checkpoint is being written at a time, in the order of ids: completions come in ascending
///   order; completion is told to tasks only when `_metadata` is durable, and an abort never after
///   it; nothing is removed of a checkpoint whose outcome storage has not told; after stop() no
///   trigger is sent until the next start().
/// Not here: whether to start one (decide_trigger), who has acknowledged (PendingCheckpoint), what
/// to delete (plan_retention), how to write (CheckpointPublication).
class CheckpointCoordinator {
 public:
  CheckpointCoordinator(Clock& clock, Random& random, CoordinatorOptions options,
                        CheckpointHost& host);
  CheckpointCoordinator(const CheckpointCoordinator&) = delete;
  CheckpointCoordinator& operator=(const CheckpointCoordinator&) = delete;

  /// All tasks of a new attempt run. The one before must have been stopped and be idle. `restored`:
  /// what the attempt started from, or -1.
  void start(AttemptId attempt, CheckpointParticipants participants, CheckpointId restored);

  /// The job has gone back to an older checkpoint, and that is recorded as another start. Between
  /// two attempts.
  void begin_start(StartNumber start) { start_ = start; }

  /// Does what is due: call it after anything else here was called, and at the time that it
  /// returns.
  MonotonicTime poll(MonotonicTime now);

  /// Records that the sources have emitted since the last call.
  void on_source_events(int64_t count) { events_since_trigger_ += count; }
  void acknowledge(const AcknowledgeCheckpoint& message);
  void decline(const DeclineCheckpoint& message);

  /// Takes a checkpoint as soon as the ones under way allow, whatever interval and pause say, and
  /// none by itself until it has ended. When it is durable there are no more checkpoints in this
  /// attempt; if it fails the caller may ask again. `done` is not called after stop().
  void request_final(std::function<void(Status)> done);

  /// The attempt is over: its checkpoints are aborted, except one that is being written, whose
  /// outcome is awaited. No effect if another attempt runs.
  void stop(AttemptId attempt);
  /// After stop(): calls back, perhaps at once, when the outcome of every checkpoint is known, so
  /// that newest_completed() is what the next attempt must start from. Takes as long as storage
  /// does not answer.
  void when_idle(std::function<void()> idle);

  /// The job has ended: deletes what is not to be kept, then calls back, perhaps at once. Does not
  /// wait for storage that does not answer: what is not known to be superfluous stays. Only the
  /// destructor may follow.
  void shut_down(JobOutcome outcome, std::function<void()> done);

  std::optional<CheckpointId> newest_completed() const;
  /// Those that are not to be deleted yet, ascending.
  const std::vector<CheckpointId>& completed() const { return completed_; }
  CheckpointStatistics statistics() const;

 private:
  struct Entry {
    PendingCheckpoint checkpoint;
    std::function<void(Status)> final_done{};  // set: this is the final one
    std::shared_ptr<CheckpointPublication> publication{};
    bool counted = false;  // as a failure, because it is overdue though its outcome is open
  };
  enum class Counted { kYes, kNo };
  enum class Files { kRemove, kLeave };

  void run(std::function<std::function<void()>()> work);
  bool runs(const PendingCheckpoint& checkpoint) const {
    return running_ && checkpoint.attempt() == attempt_;
  }
  bool is_final_under_way() const;

  TriggerDecision decide(MonotonicTime now) const;
  void trigger(MonotonicTime now);
  void on_prepared(CheckpointId id, const Status& status);
  void expire(MonotonicTime now);
  void write_next();
  void publish(Entry& entry, bool again);
  void on_written(CheckpointId id, const PublishResult& result);
  void complete(CheckpointId id, int64_t bytes);
  void subsume_older_than(CheckpointId id);
  void abort(CheckpointId id, const Status& reason, Counted counted, Files files);
  void abort_all(const Status& reason);
  void count_failure(CheckpointId id, const Status& reason);
  void delete_superfluous(JobOutcome outcome);
  /// Of a checkpoint that was given up before they were written.
  void remove_late_files(CheckpointId id);
  void settle();

  // Set once.
  Clock& clock_;
  Random& random_;
  const CoordinatorOptions options_;
  CheckpointHost& host_;
  const CheckpointId first_id_;  // of this coordinator

  StartNumber start_;
  CheckpointCleaner cleaner_;
  CheckpointId next_id_;
  std::map<CheckpointId, Entry> pending_;
  std::vector<CheckpointId> completed_;    // ascending
  std::vector<CheckpointId> unconfirmed_;  // to be removed when one has been completed
  std::set<CheckpointId> untouchable_;     // somebody else's, though the id should be ours
  bool others_work_here_ = false;  // then this one's end deletes nothing: they may go on from it
  std::optional<CheckpointId> writing_;        // finalizing or unknown
  std::optional<MonotonicTime> ask_again_at_;  // about the unknown one
  MonotonicTime ask_again_after_{0};

  // The attempt.
  bool running_ = false;
  AttemptId attempt_ = 0;
  std::shared_ptr<const CheckpointParticipants> participants_;
  MonotonicTime last_trigger_{0};
  std::optional<MonotonicTime> last_end_;
  int64_t events_since_trigger_ = 0;
  int consecutive_failures_ = 0;
  bool beyond_tolerance_ = false;
  std::function<void(Status)> final_request_;
  bool final_completed_ = false;

  CheckpointStatistics statistics_;
  int blocking_ = 0;  // work on the I/O pool
  std::function<void()> idle_;
  std::optional<JobOutcome> shutting_down_;
  std::function<void()> shut_down_done_;
};

}  // namespace weir
