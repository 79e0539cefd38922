#pragma once

#include <string>
#include <vector>

#include "checkpoint/protocol/participants.h"
#include "cluster/job_master/worker_pool.h"
#include "cluster/job_preparation.h"
#include "cluster/messages.h"

namespace weir {

/// The attempts of a job, one at a time: which number it has, who runs which part of it, and how
/// far all of its workers are. Thread: the job master's.
/// Invariant: a message of another attempt than the one under way has no effect.
/// Not here: from where an attempt starts (JobPreparation), what follows its end (JobMaster).
class JobAttempt {
 public:
  enum class Stage {
    kNone,       ///< none is under way
    kDeploying,  ///< tasks open and read their state
    kRunning,
    kLeaving,  ///< the workers have been asked to cancel their tasks
  };
  /// What a message of a worker means for the attempt as a whole.
  struct Event {
    enum class Kind {
      kNone,
      kDeployed,  ///< all are: call start()
      kFailed,    ///< `failure` in `task`
      kEnded,     ///< every task has seen the end of its input
      kFinished,  ///< and has nothing left to commit
      kProgress,  ///< `source_records` and `late_records` since the last one
      kLeft,      ///< all workers may have left: see all_left()
    } kind = Kind::kNone;
    Status failure{};
    std::string task{};
    int64_t source_records = 0;
    int64_t late_records = 0;
  };

  /// The first attempt has the number after `before`. The pool outlives this.
  JobAttempt(AttemptId before, WorkerPool& pool) : number_(before), pool_(pool) {}

  /// Of the attempt under way, or else of the last one.
  AttemptId number() const { return number_; }
  Stage stage() const { return stage_; }
  bool is_active() const { return stage_ == Stage::kDeploying || stage_ == Stage::kRunning; }
  int shards() const { return static_cast<int>(worker_of_shard_.size()); }
  CheckpointParticipants participants() const;

  /// Begins the next attempt: places `shards` shards on the pool's workers, which have the slots
  /// for them, and sends them what they start from. If it fails no worker knows of the attempt, and
  /// it is to be left as any other.
  Status deploy(const JobGraph& graph, const JobOptions& options, const StartingPoint& start,
                int shards);
  /// All are deployed.
  void start();
  /// Asks the workers to cancel their tasks by `deadline`.
  void leave(MonotonicTime deadline);
  /// Whether nothing of the attempt is left in any worker; one that is lost has left.
  bool all_left() const;
  /// The workers (by session) that should have left by now.
  std::vector<int64_t> overdue(MonotonicTime now) const;
  /// Nothing of the attempt is left.
  void forget();

  Event on_message(PooledWorker& worker, const FromWorker& message);
  void send(const FromMaster& message);

 private:
  bool is_current(AttemptId attempt) const;

  AttemptId number_;
  WorkerPool& pool_;
  Stage stage_ = Stage::kNone;
  MonotonicTime deadline_{0};
  JobGraph graph_;                        // as wide as the attempt
  std::vector<int32_t> worker_of_shard_;  // by its index in the attempt
};

}  // namespace weir
