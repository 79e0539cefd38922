#pragma once

#include <string>
#include <vector>

#include "checkpoint/protocol/participants.h"
#include "cluster/job_master/worker_pool.h"
#include "cluster/job_preparation.h"
#include "cluster/messages.h"

namespace weir {

/// The attempts of a job, one at a time: the attempt's number, its placement, and the progress of
/// its workers. Thread: the job master's.
/// Invariant: a message of any attempt but the current one has no effect.
/// Not here: the checkpoint an attempt starts from (JobPreparation), the reaction to its end
/// (JobMaster).
class JobAttempt {
 public:
  enum class Stage {
    kNone,       ///< no attempt is in progress
    kDeploying,  ///< tasks open and read their state
    kRunning,
    kLeaving,  ///< the workers have been asked to cancel their tasks
  };
  /// The meaning of a worker's message for the attempt as a whole.
  struct Event {
    enum class Kind {
      kNone,
      kDeployed,  ///< all workers are deployed: call start()
      kFailed,    ///< `failure` occurred in `task`
      kEnded,     ///< every task has seen the end of its input
      kFinished,  ///< all tasks have ended and have nothing left to commit
      kProgress,  ///< `source_records` and `late_records` are counts since the last such event
      kLeft,      ///< all workers may have left: check all_left()
    } kind = Kind::kNone;
    Status failure{};
    std::string task{};
    int64_t source_records = 0;
    int64_t late_records = 0;
  };

  /// The first attempt gets the number after `before`. The pool must outlive this.
  JobAttempt(AttemptId before, WorkerPool& pool) : number_(before), pool_(pool) {}

  /// The number of the current attempt, or of the last one if none is in progress.
  AttemptId number() const { return number_; }
  Stage stage() const { return stage_; }
  bool is_active() const { return stage_ == Stage::kDeploying || stage_ == Stage::kRunning; }
  int shards() const { return static_cast<int>(worker_of_shard_.size()); }
  CheckpointParticipants participants() const;
  /// By the worker's index in the attempt.
  const std::vector<int32_t>& worker_of_shard() const { return worker_of_shard_; }

  /// Begins the next attempt: places `shards` shards on the pool's workers, which must have enough
  /// slots, and sends each worker its deployment. On failure no worker knows of the attempt, but
  /// the caller must leave it like any other.
  Status deploy(const JobGraph& graph, const JobOptions& options, const StartingPoint& start,
                int shards);
  /// Call when all workers are deployed. `stopped`: sources read nothing.
  void start(bool stopped = false);
  /// Asks the workers to cancel their tasks by `deadline`.
  void leave(MonotonicTime deadline);
  /// Whether no worker holds anything of the attempt any more. A lost worker counts as left.
  bool all_left() const;
  /// The sessions of the workers that should have left by now.
  std::vector<int64_t> overdue(MonotonicTime now) const;
  /// Call when no worker holds anything of the attempt any more.
  void forget();

  const JobGraph& graph() const { return graph_; }
  /// Whether a message about this subtask comes from its worker in this attempt.
  bool is_of(const PooledWorker& worker, AttemptId attempt, int32_t subtask) const;
  Event on_message(PooledWorker& worker, const FromWorker& message);
  void send(const FromMaster& message);
  /// Sends to the worker of a shard.
  void send_to(int32_t shard, const FromMaster& message);

 private:
  bool is_current(AttemptId attempt) const;

  AttemptId number_;
  WorkerPool& pool_;
  Stage stage_ = Stage::kNone;
  MonotonicTime deadline_{0};
  JobGraph graph_;                        // with the attempt's parallelism
  std::vector<int32_t> worker_of_shard_;  // as the worker's index in the attempt
};

}  // namespace weir
