#pragma once

#include <memory>
#include <string>
#include <vector>

#include "weir/operator/operator.h"

namespace weir {

/// Two-phase commit, in Flink's terms (Sink V2). A writer takes records; at a barrier what it has
/// written becomes committables, which are part of the checkpoint; when the checkpoint is complete
/// they are committed; after a restore they are committed again. Thread: the subtask's. Never
/// blocks; see OperatorContext::run_blocking.
template <class T>
class SinkWriter {
 public:
  virtual ~SinkWriter() = default;
  virtual Status open(OperatorContext& context) = 0;
  /// May throw.
  virtual void write(BatchOf<T>& batch) = 0;
  /// False: too much is under way; do not write now.
  virtual bool can_accept() { return true; }
  /// Ends the epoch: what was written since the last call becomes committables (empty for a sink
  /// without commits). `before_ack` work makes them durable before the checkpoint counts them.
  virtual std::vector<std::string> prepare_commit(SnapshotContext& context) = 0;
  virtual void close() {}
};

/// How a sink starts.
struct SinkStart {
  std::vector<std::string>
      pending;  ///< all committables of the restored checkpoint, of all subtasks
  int64_t restored_checkpoint = -1;  ///< -1: fresh start
  std::string uid;                   ///< the sink's
  uint64_t run_nonce = 0;  ///< of the run that begins if it is a fresh start; see OperatorContext
  bool continues_run =
      true;  ///< false: what the restored checkpoint's job has written is to be left alone
};

/// Makes committables visible. Called on the I/O pool; blocks.
class Committer {
 public:
  virtual ~Committer() = default;
  /// Idempotent, order-free: a committable may come again after it was committed, also late, from a
  /// process that was given up. UNAVAILABLE: tried again later.
  virtual Status commit(const std::vector<std::string>& committables) = 0;

  // What earlier starts left is removed in two steps, because a process may be stopped between any
  // two of its steps, be given up, and wake up when another has taken its place.

  /// At each start by subtask 0, before any subtask of this start runs: the names of what all
  /// subtasks of earlier starts of this run left unfinished, or finished after the restored
  /// checkpoint. Changes nothing: it is not certain yet that this start will run. What is not
  /// surely this run's is left alone.
  virtual StatusOr<std::vector<std::string>> find_orphans(const SinkStart& start) {
    (void)start;
    return std::vector<std::string>();
  }
  /// Before subtask 0's first record and its first acknowledgement; other subtasks may be writing
  /// and committing already. Removes what was found and nothing else: it may run so late that a
  /// later start is at work, whose results have other names. UNAVAILABLE: tried again later.
  virtual Status remove_orphans(const std::vector<std::string>& names) {
    (void)names;
    return {};
  }
};

/// Where results go. Copied into the job's graph.
template <class T>
class Sink {
 public:
  using Record = T;
  virtual ~Sink() = default;
  virtual std::unique_ptr<SinkWriter<T>> create_writer() const = 0;
  /// Null: nothing to commit.
  virtual std::unique_ptr<Committer> create_committer(FileSystemRegistry& files) const = 0;
  /// Found out before the first record, blocking: can it be written to at all?
  virtual Status probe(FileSystemRegistry& files) const = 0;
};

}  // namespace weir
