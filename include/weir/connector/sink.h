#pragma once

#include <memory>
#include <string>
#include <vector>

#include "weir/operator/operator.h"

namespace weir {

/// Writes the records of one subtask. Sinks use two-phase commit, as Flink's Sink V2: at a barrier,
/// the data written so far becomes committables, which are part of the checkpoint. They are
/// committed when the checkpoint is complete, and again after a restore. Must not block; see
/// OperatorContext::run_blocking. Thread: the subtask's.
template <class T>
class SinkWriter {
 public:
  virtual ~SinkWriter() = default;
  /// Called before the first record. A failure fails the task. `context` outlives the writer.
  virtual Status open(OperatorContext& context) = 0;
  /// May throw, which fails the task.
  virtual void write(BatchOf<T>& batch) = 0;
  /// False: too much data is in flight; do not call write() now.
  virtual bool can_accept() { return true; }
  /// Ends the epoch: returns the committables of the data written since the last call (empty for a
  /// sink without commits). `before_ack` work makes them durable before the checkpoint includes
  /// them.
  virtual std::vector<std::string> prepare_commit(SnapshotContext& context) = 0;
  /// Committables of this writer were committed: later snapshots do not contain them.
  virtual void committed(const std::vector<std::string>& committables) { (void)committables; }
  /// A notification may be lost; see Operator::checkpoint_completed().
  virtual void checkpoint_completed(int64_t id) { (void)id; }
  virtual void close() {}
};

/// The state of a sink when it starts.
struct SinkStart {
  std::vector<std::string> pending;  ///< committables of all subtasks, from the restored checkpoint
  int64_t restored_checkpoint = -1;  ///< -1: a fresh start
  std::string uid;                   ///< the sink's uid
  uint64_t run_nonce = 0;            ///< of the new run, on a fresh start; see OperatorContext
  bool continues_run = true;  ///< false: leave the output of the restored checkpoint's job alone
};

/// Makes committables visible. May block. Thread: the I/O pool.
class Committer {
 public:
  virtual ~Committer() = default;
  /// Commits in any order. Must be idempotent: a committable may come again after it was committed,
  /// even late and from a process that is considered lost. UNAVAILABLE: weir retries later.
  virtual Status commit(const std::vector<std::string>& committables) = 0;

  // Orphans of earlier starts are removed in two steps. A process may be stopped between any two of
  // its steps, be considered lost, and wake up after another has taken its place.

  /// Called at each start by subtask 0, before any subtask of this start runs. Returns the names of
  /// the unfinished output of all subtasks of earlier starts of this run, and of output finished
  /// after the restored checkpoint. Must change nothing, because this start may not run. Leaves out
  /// anything that may not belong to this run.
  virtual StatusOr<std::vector<std::string>> find_orphans(const SinkStart& start) {
    (void)start;
    return std::vector<std::string>();
  }
  /// Called before subtask 0's first record and first acknowledgment. Other subtasks may already be
  /// writing and committing. Removes only the given names: the call may be so late that a later
  /// start is already running, whose results have other names. UNAVAILABLE: weir retries later.
  virtual Status remove_orphans(const std::vector<std::string>& names) {
    (void)names;
    return {};
  }
};

/// A destination of results. Copied into the job's graph.
template <class T>
class Sink {
 public:
  using Record = T;
  virtual ~Sink() = default;
  /// Called once for each subtask.
  virtual std::unique_ptr<SinkWriter<T>> create_writer() const = 0;
  /// Called once for each subtask. Null: the sink has nothing to commit.
  virtual std::unique_ptr<Committer> create_committer(FileSystemRegistry& files) const = 0;
  /// Checks before the first record whether the destination can be written to. May block.
  virtual Status probe(FileSystemRegistry& files) const = 0;
};

}  // namespace weir
