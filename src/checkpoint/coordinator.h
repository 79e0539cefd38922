#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "checkpoint/checkpoint_history.h"
#include "checkpoint/checkpoint_store.h"
#include "checkpoint/cleaner.h"
#include "checkpoint/completed_checkpoint.h"
#include "checkpoint/leader_store.h"
#include "checkpoint/lineage.h"
#include "checkpoint/pending_checkpoint.h"
#include "checkpoint/publication.h"
#include "checkpoint/request_queue.h"
#include "checkpoint/retention.h"
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
/// Not here: which one starts next (CheckpointRequestQueue), who has acknowledged
/// (PendingCheckpoint), which are there and which to delete (CheckpointStore), how to write
/// (CheckpointPublication), the figures (CheckpointHistory).
class CheckpointCoordinator {
 public:
  CheckpointCoordinator(Clock& clock, Random& random, CoordinatorOptions options,
                        CheckpointHost& host);
  CheckpointCoordinator(const CheckpointCoordinator&) = delete;
  CheckpointCoordinator& operator=(const CheckpointCoordinator&) = delete;

  /// All tasks of a new attempt run. The one before must have been stopped and be idle.
  void start(AttemptId attempt, CheckpointParticipants participants, RestoredCheckpoint restored);

  /// The job has gone back to an older checkpoint, and that is recorded as another start. Between
  /// two attempts.
  void begin_start(StartNumber start) { start_ = start; }

  /// Does what is due: call it after anything else here was called, and at the time that it
  /// returns.
  MonotonicTime poll(MonotonicTime now);

  /// Records that the sources have emitted since the last call.
  void on_source_events(int64_t count) { requests_.on_source_events(count); }
  void acknowledge(const AcknowledgeCheckpoint& message);
  void decline(const DeclineCheckpoint& message);

  /// Takes a checkpoint as soon as its turn has come (see CheckpointRequestQueue). Its `done` is
  /// called once, also if it fails or is stopped with its attempt, and then perhaps from within a
  /// call of this; never if the coordinator is destroyed before. Not OK: the request is refused,
  /// and `done` is not called. FAILED_PRECONDITION: no attempt runs, or the last checkpoint of the
  /// job is being taken or complete. UNIMPLEMENTED: a savepoint.
  Status request(CheckpointRequest request);

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

  std::optional<CheckpointId> newest_completed() const { return store_.latest(); }
  /// Those that are not to be deleted yet, ascending.
  const std::vector<CheckpointId>& completed() const { return store_.completed(); }
  /// Counts, and the latest ones.
  const CheckpointReport& counts() const { return history_.counts(); }
  /// With the history. Any thread may read it.
  std::shared_ptr<const CheckpointReport> report() {
    return history_.report(static_cast<int>(pending_.size()));
  }

 private:
  struct Entry {
    PendingCheckpoint checkpoint;
    CheckpointRequest request;
    std::shared_ptr<CheckpointPublication> publication{};
    MonotonicTime publication_began{0};
    bool counted = false;  // as a failure, because it is overdue though its outcome is open
  };
  enum class Counted { kYes, kNo };
  enum class Files { kRemove, kLeave };

  void run(std::function<std::function<void()>()> work);
  bool runs(const PendingCheckpoint& checkpoint) const {
    return running_ && checkpoint.attempt() == attempt_;
  }

  CheckpointRequestQueue::Decision decide(MonotonicTime now);
  void trigger(CheckpointRequest request, MonotonicTime now);
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
  CheckpointStore store_;
  CheckpointHistory history_;
  std::optional<CheckpointId> writing_;        // finalizing or unknown
  std::optional<MonotonicTime> ask_again_at_;  // about the unknown one
  MonotonicTime ask_again_after_{0};

  // The attempt.
  bool running_ = false;
  AttemptId attempt_ = 0;
  std::shared_ptr<const CheckpointParticipants> participants_;
  CheckpointRequestQueue requests_;
  int consecutive_failures_ = 0;
  bool beyond_tolerance_ = false;

  int blocking_ = 0;  // work on the I/O pool
  std::function<void()> idle_;
  std::optional<JobOutcome> shutting_down_;
  std::function<void()> shut_down_done_;
};

}  // namespace weir
