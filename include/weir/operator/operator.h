#pragma once

// The contract between an operator and whoever hosts it: a shard, the test harness, the simulator,
// a process apart.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "weir/metrics.h"
#include "weir/operator/batch.h"
#include "weir/operator/key_groups.h"
#include "weir/status.h"
#include "weir/types/type_description.h"

namespace weir {

class FileSystemRegistry;
class KeyedState;

/// Where an operator's results go.
class Output {
 public:
  virtual ~Output() = default;
  /// Takes the contents of `batch`, which may be filled again. While there is no room the call is
  /// suspended, and no other code of its operator runs. May throw what a user function further down
  /// the chain throws, and CallAbandoned (no std::exception) if the attempt ends meanwhile.
  virtual void emit(Batch& batch) = 0;
};

/// How list state is handed out when the parallelism changes. The numbers are Flink's.
enum class ListStateMode : int8_t {
  kSplit = 0,  ///< elements are dealt out round-robin
  kUnion = 1,  ///< every subtask gets all elements
};

/// State of a subtask that belongs to no key: named lists of elements. Small; kept by the operator
/// itself, handed over at snapshots.
class OperatorStateStore {
 public:
  virtual ~OperatorStateStore() = default;
  /// Call in open() for every list the operator will ever snapshot. Gives the elements restored to
  /// this subtask, each as Serializer<E>::write wrote it; empty on a fresh start.
  virtual StatusOr<std::vector<std::string>> declare(const std::string& name, ListStateMode mode,
                                                     TypeDescription element) = 0;
};

/// One snapshot being taken. Valid during Operator::snapshot() only.
class SnapshotContext {
 public:
  virtual ~SnapshotContext() = default;
  virtual int64_t checkpoint_id() const = 0;
  /// The elements of a declared list as of now. A list that is not put is empty in the snapshot.
  virtual void put_list(const std::string& name, std::vector<std::string> elements) = 0;
  /// Blocking work (closing a file) that must succeed before this subtask's acknowledgement leaves.
  /// Runs on the I/O pool.
  virtual void before_ack(std::function<Status()> work) = 0;
};

/// What an operator may know of where it runs. Lives as long as the operator. Thread: the
/// operator's, unless said otherwise.
class OperatorContext {
 public:
  virtual ~OperatorContext() = default;

  virtual const std::string& operator_name() const = 0;
  virtual const std::string& uid() const = 0;
  virtual int subtask() const = 0;
  virtual int parallelism() const = 0;
  virtual int max_parallelism() const = 0;
  KeyGroupRange key_groups() const {
    return key_groups_of_subtask(subtask(), parallelism(), max_parallelism());
  }
  /// Differs for every start of a subtask, across processes and for ever: for unique file names.
  virtual uint64_t attempt_nonce() const = 0;
  /// The checkpoint this subtask was restored from, or -1.
  virtual int64_t restored_checkpoint() const = 0;
  /// Differs for every run of the job: from a start from nothing through all restores.
  virtual uint64_t run_nonce() const { return attempt_nonce(); }
  /// False: the restored checkpoint is another job's, whose output must be left alone.
  virtual bool continues_run() const { return true; }

  virtual OperatorStateStore& operator_state() = 0;
  virtual FileSystemRegistry& files() = 0;
  /// Wall clock, ms; what processing-time timers go by.
  virtual int64_t processing_time_ms() const = 0;

  /// For how much of its keyed state's size memory may be kept ready, at most, for what a
  /// checkpoint makes it copy.
  virtual double copy_reserve() const { return 0; }

  /// Runs `work` on the I/O pool; what it returns runs afterwards on the operator's thread (may be
  /// null). If the operator is closed before, the continuation never runs. `work` must not touch
  /// the operator.
  virtual void run_blocking(std::function<std::function<void()>()> work) = 0;
  /// Fails the task with the operator's name. For failures found in continuations.
  virtual void fail(Status status) = 0;

  MetricGroup& metrics() { return metrics_; }
  const MetricGroup& metrics() const { return metrics_; }

 private:
  MetricGroup metrics_;
};

enum class Progress {
  kDone,
  kMore,  ///< call again with the same arguments when the output has room
};

/// One step of a dataflow, run by one thread at a time. The host promises:
///   open() first, once, then keyed_state()->restore… if there is something to restore;
///   process/advance_* only when can_accept() and when the output has room; nothing else while such
///   a call is suspended in Output::emit(); watermarks never go back; after
///   advance_watermark(kMaxWatermark) and finish() there are no more records, but snapshots,
///   notifications and advance_processing_time() may follow;
///   completions may be lost, repeated or late: complete(n) means that all checkpoints ≤ n that
///   this operator took part in are subsumed.
/// An operator promises: after snapshot(n) its state at the restore of n is what it was at that
/// call; a call does a bounded amount of work and says kMore otherwise; it emits nothing after
/// finish(). Exceptions thrown by user code pass through; the host turns them into a failed task.
class Operator {
 public:
  virtual ~Operator() = default;

  virtual Status open(OperatorContext& context) = 0;
  /// The state by key, or null. The host snapshots and restores it.
  virtual KeyedState* keyed_state() { return nullptr; }
  /// After open() and after keyed state was restored, before the first record.
  virtual Status restored() { return {}; }

  /// May move records out of `batch`; the caller clears it.
  virtual void process(Batch& batch, Output& out) = 0;
  /// False: do not call process/advance_* now (e.g. too many bytes are on their way to a disk).
  virtual bool can_accept() { return true; }
  virtual Progress advance_watermark(Timestamp watermark, Output& out) {
    (void)watermark, (void)out;
    return Progress::kDone;
  }
  /// Fires what is due at `now_ms`, or a bounded part of it: next_processing_time() then says that
  /// more is due. The host processes something else before it calls again.
  virtual Progress advance_processing_time(int64_t now_ms, Output& out) {
    (void)now_ms, (void)out;
    return Progress::kDone;
  }
  /// When advance_processing_time() is wanted next (wall clock, ms); INT64_MAX: never.
  virtual int64_t next_processing_time() { return INT64_MAX; }
  /// No record will come any more. After the last watermark.
  virtual Progress finish(Output& out) {
    (void)out;
    return Progress::kDone;
  }

  /// Emits what must be on this side of the barrier. Called before the barrier is passed on.
  virtual void prepare_barrier(Output& out) { (void)out; }
  virtual Status snapshot(SnapshotContext& context) {
    (void)context;
    return {};
  }
  virtual void checkpoint_completed(int64_t id) { (void)id; }
  virtual void checkpoint_aborted(int64_t id) { (void)id; }
  /// After finish(), in a job that takes no checkpoints: what would wait for one is done now.
  virtual void commit_without_checkpoint() {}
  /// False while something that must happen before the job may end is still under way (a commit).
  virtual bool quiescent() { return true; }
  virtual void close() {}
};

struct PollResult {
  enum class Status { kMore, kNothingNow, kEnd } status = Status::kMore;
  int64_t wake_at_ms = INT64_MAX;  ///< kNothingNow: poll again at this wall-clock time at the
                                   ///< latest; a continuation also re-polls
};

/// An operator that stands at the head of a chain and makes its records itself.
class SourceOperator : public Operator {
 public:
  void process(Batch&, Output&) final {}
  /// Emits at most one batch. `*watermark` is set if the watermark may advance now (it is sent
  /// after the batch).
  virtual PollResult poll(Output& out, Timestamp* watermark) = 0;
  /// Splits for a fresh start, in the order in which they are to be read. Called after open(),
  /// never after a restore.
  virtual void add_splits(std::vector<std::string> splits) = 0;
  /// Records emitted since open(). For the event-count checkpoint trigger and the progress line.
  virtual int64_t records_emitted() const = 0;
};

using OperatorFactory = std::function<std::unique_ptr<Operator>()>;

/// Computes Serializer<K>::hash of each record's key. Thread: one at a time, for a user's key
/// selector may keep things; every sender has its own.
class KeyHasher {
 public:
  virtual ~KeyHasher() = default;
  virtual std::unique_ptr<KeyHasher> copy() const = 0;
  /// Fills batch.key_hashes unless it is filled already. May throw what the user's key selector
  /// throws.
  virtual void hash(Batch& batch) const = 0;
};

}  // namespace weir
