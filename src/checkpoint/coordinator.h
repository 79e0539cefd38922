#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "checkpoint/checkpoint_history.h"
#include "checkpoint/checkpoint_store.h"
#include "checkpoint/cleaner.h"
#include "checkpoint/completed_checkpoint.h"
#include "checkpoint/leader_store.h"
#include "checkpoint/lineage.h"
#include "checkpoint/pending_checkpoint.h"
#include "checkpoint/protocol/paths.h"
#include "checkpoint/publication.h"
#include "checkpoint/request_queue.h"
#include "checkpoint/retention.h"
#include "checkpoint/savepoint.h"
#include "platform/clock.h"
#include "platform/random.h"

namespace weir {

struct CoordinatorOptions {
  FileLocation job;  ///< `<dir>/<job id>`; exists
  std::string job_name;
  JobId job_id;
  std::string fingerprint;                       ///< of the graph; for the sidecar
  std::map<std::string, std::string> arguments;  ///< for the sidecar
  /// A checkpoint counts only while no later start is recorded; 0: starts are not recorded.
  StartNumber start = 0;
  MetadataVersion metadata_version = MetadataVersion::k4;

  TriggerPolicyOptions trigger;
  MonotonicTime timeout = std::chrono::minutes(10);
  int tolerable_failed_checkpoints = 0;  ///< maximum number of consecutive failures
  int num_retained = 1;
  RetentionPolicy retention = RetentionPolicy::kRetainOnCancellation;

  CheckpointId highest_used_id = 0;  ///< new ids start above it
  /// Checkpoints that were never completed; removed once a new one has completed.
  std::vector<CheckpointId> orphans;
  /// Complete, but no pointer was ever set to them; removed at the same time.
  std::vector<CheckpointId> unconfirmed;
  /// Exist already and belong to the job; count for retention.
  std::vector<CheckpointId> completed;
  /// A checkpoint is complete only when this points at it. Null: when `_metadata` exists.
  std::shared_ptr<LeaderStore> store;
  FileSystemRegistry* files = nullptr;  ///< finds the directories of savepoints
  bool incremental = false;             ///< checkpoints refer to what older ones have written
  /// A snapshot elsewhere that belongs to the job: deleted like a checkpoint of its own.
  std::optional<FileLocation> claimed{};
};

/// The coordinator's view of the job master. Called on its thread. The host may call stop() from
/// within a call.
class CheckpointHost {
 public:
  virtual ~CheckpointHost() = default;
  /// Sends to every process of the attempt that the message names.
  virtual void send_trigger(const TriggerCheckpoint& message) = 0;
  /// The states of the source enumerators between the messages sent before and after this call, by
  /// operator. Called right before send_trigger().
  virtual std::map<OperatorId, std::string> enumerator_states() { return {}; }
  virtual void send_complete(const NotifyCheckpointComplete& message) = 0;
  virtual void send_aborted(const NotifyCheckpointAborted& message) = 0;
  /// Runs `work` on the I/O pool, then the function that it returns on the job master's thread.
  /// Never runs either from within this call.
  virtual void run_blocking(std::function<std::function<void()>()> work) = 0;
  /// More consecutive checkpoints failed than tolerated, so the attempt should fail. Called at most
  /// once per attempt.
  virtual void on_checkpoint_failure_beyond_tolerance(const Status& status) = 0;
  virtual void on_completed(const CompletedCheckpoint& checkpoint) = 0;
  /// A checkpoint that was to end the job has failed, and tasks may have ended event time already:
  /// only a restart takes that back.
  virtual void on_drain_failed(const Status& status) { (void)status; }
};

/// Takes a job's checkpoints: starts them, collects acknowledgements, makes them durable, and
/// deletes old ones.
/// Thread: the job master's. The job master owns it, and destroys it only when no work of
/// run_blocking() can answer any more.
/// Invariants:
///     ids strictly increase over all attempts, and no id is used twice, whatever the outcome;
///     at most one checkpoint is being written, in the order of ids, so completions come in
///   ascending order;
///     tasks are notified of a completion only once `_metadata` is durable, and never of an abort
///   after it;
///     no file of a checkpoint is removed while its outcome in storage is unknown;
///     after stop(), no trigger is sent until the next start().
/// A savepoint is a checkpoint whose files are written twice: also into a directory that the user
/// owns. What its sinks have prepared is therefore committed like that of any checkpoint, and a
/// restart does not need the savepoint. `_metadata` of the savepoint is written last.
/// Not here: which one starts next (CheckpointRequestQueue), who has acknowledged
/// (PendingCheckpoint), which exist and which to delete (CheckpointStore), how to write
/// (CheckpointPublication), directories elsewhere (SavepointDirectories), statistics
/// (CheckpointHistory).
class CheckpointCoordinator {
 public:
  CheckpointCoordinator(Clock& clock, Random& random, CoordinatorOptions options,
                        CheckpointHost& host);
  CheckpointCoordinator(const CheckpointCoordinator&) = delete;
  CheckpointCoordinator& operator=(const CheckpointCoordinator&) = delete;

  /// All tasks of a new attempt are running. The previous attempt must be stopped and idle.
  void start(AttemptId attempt, CheckpointParticipants participants, RestoredCheckpoint restored);

  /// The job has gone back to an older checkpoint, and this was recorded as a new start. Call
  /// between two attempts.
  void begin_start(StartNumber start) {
    start_ = start;
    cleaner_.begin_start(start);
  }

  /// Does what is due. Call it after any other call, and at the time that it returns.
  MonotonicTime poll(MonotonicTime now);

  /// Adds the number of events that the sources have emitted since the last call.
  void on_source_events(int64_t count) { requests_.on_source_events(count); }
  void acknowledge(const AcknowledgeCheckpoint& message);
  void decline(const DeclineCheckpoint& message);

  /// Takes a checkpoint as soon as its turn comes (see CheckpointRequestQueue). `done` is called
  /// exactly once, also if the checkpoint fails or its attempt is stopped, and may then run from
  /// within this call. It is not called if the coordinator is destroyed first, or if this returns
  /// an error.
  /// FAILED_PRECONDITION: no attempt is running, or the job's last checkpoint is in progress or
  /// complete. INVALID_ARGUMENT: a savepoint without a directory.
  Status request(CheckpointRequest request);

  /// The attempt is over: aborts its checkpoints, except one that is being written, whose outcome
  /// is awaited. No effect if another attempt is running.
  void stop(AttemptId attempt);
  /// Call after stop(). Calls `idle`, possibly at once, when the outcome of every checkpoint is
  /// known. The next attempt must then start from newest_completed(). Waits as long as storage does
  /// not answer.
  void when_idle(std::function<void()> idle);

  /// The job has ended: deletes the checkpoints that are not retained, then calls `done`, possibly
  /// at once. Does not wait for storage that does not answer: a checkpoint stays unless it is known
  /// to be superfluous. Only the destructor may be called afterwards.
  void shut_down(JobOutcome outcome, std::function<void()> done);

  std::optional<CheckpointId> newest_completed() const { return store_.latest(); }
  /// Completed checkpoints that must not be deleted yet, in ascending order.
  const std::vector<CheckpointId>& completed() const { return store_.completed(); }
  /// The counters and the latest checkpoints.
  const CheckpointReport& counts() const { return history_.counts(); }
  /// Includes the history. Any thread may read it.
  std::shared_ptr<const CheckpointReport> report() {
    return history_.report(static_cast<int>(pending_.size()));
  }

 private:
  struct Entry {
    PendingCheckpoint checkpoint;
    CheckpointRequest request;
    std::optional<FileLocation> savepoint{};  // its directory, once it is made
    std::shared_ptr<CheckpointPublication> publication{};
    std::shared_ptr<CheckpointPublication> savepoint_publication{};  // null: it has none
    MonotonicTime publication_began{0};
    CheckpointId base = 0;  // the newest complete one at its trigger; 0: none
    bool counted = false;   // as a failure: overdue, though its outcome is still open
  };
  enum class Counted { kYes, kNo };
  enum class Files { kRemove, kLeave };

  void run(std::function<std::function<void()>()> work);
  /// The mark of the current attempt.
  CoordinatorMark mark() const { return coordinator_mark(epoch_of(attempt_), start_); }
  bool runs(const PendingCheckpoint& checkpoint) const {
    return running_ && checkpoint.attempt() == attempt_;
  }

  CheckpointRequestQueue::Decision decide(MonotonicTime now);
  void trigger(CheckpointRequest request, MonotonicTime now);
  void on_prepared(CheckpointId id, const Status& status, std::optional<FileLocation> savepoint);
  void expire(MonotonicTime now);
  void write_next();
  void publish(Entry& entry, bool again);
  void on_written(CheckpointId id, const PublishResult& result);
  void complete(CheckpointId id, const PublishResult& result);
  Sidecar sidecar_of(const PendingCheckpoint& checkpoint) const;
  /// Puts it into the history.
  CompletedCheckpoint note_completed(const Entry& entry, const PublishResult& result);
  /// Remembers the shared files that a completed checkpoint needs.
  void note_references(CheckpointId id, const std::vector<DataFile>& files);
  void subsume_older_than(CheckpointId id);
  /// INVALID_ARGUMENT: it refers to a shared file that may be gone.
  Status check_references(const Entry& entry, const AcknowledgeCheckpoint& message) const;
  /// Removes the shared files of checkpoints up to this one that nothing needs, and those of later
  /// ones up to `own_up_to` that have this coordinator's mark.
  void sweep_shared(CheckpointId up_to, CheckpointId own_up_to);
  void abort(CheckpointId id, const Status& reason, Counted counted, Files files);
  void abort_all(const Status& reason);
  void count_failure(CheckpointId id, CheckpointKind kind, const Status& reason);
  void delete_superfluous(JobOutcome outcome);
  void clean_up(JobOutcome outcome);
  /// Removes files that were written after their checkpoint was aborted.
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
  SavepointDirectories savepoints_;
  CheckpointId next_id_;
  std::map<CheckpointId, Entry> pending_;
  CheckpointStore store_;
  CheckpointHistory history_;
  /// The shared files that completed checkpoints of this attempt refer to, as long as one that is
  /// pending or triggered later may build on them.
  std::map<CheckpointId, std::set<std::string>> references_;
  std::optional<CheckpointId> writing_;        // finalizing or unknown
  std::optional<MonotonicTime> ask_again_at_;  // when to ask storage about the unknown one
  MonotonicTime ask_again_after_{0};

  // The attempt.
  bool running_ = false;
  AttemptId attempt_ = 0;
  std::shared_ptr<const CheckpointParticipants> participants_;
  CheckpointRequestQueue requests_;
  int consecutive_failures_ = 0;
  bool beyond_tolerance_ = false;

  int blocking_ = 0;  // number of jobs running on the I/O pool
  std::function<void()> idle_;
  std::optional<JobOutcome> shutting_down_;
  std::function<void()> shut_down_done_;
};

}  // namespace weir
