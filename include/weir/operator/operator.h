#pragma once

// The contract between an operator and its host: a shard, the test harness, the simulator or a
// separate process.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <typeindex>
#include <vector>

#include "weir/detail/base/check.h"
#include "weir/metrics.h"
#include "weir/operator/batch.h"
#include "weir/operator/key_groups.h"
#include "weir/status.h"
#include "weir/types/type_description.h"

namespace weir {

class FileSystemRegistry;
class KeyedState;

/// The destination of an operator's results.
class Output {
 public:
  virtual ~Output() = default;
  /// Takes the contents of `batch`, which may then be filled again. While there is no room, the
  /// call is suspended, and no other code of its operator runs. May throw exceptions of user
  /// functions later in the chain, and CallAbandoned (not a std::exception) if the attempt ends
  /// meanwhile.
  virtual void emit(Batch& batch) = 0;
};

/// How list state is distributed when the parallelism changes. The enumerators have Flink's
/// numbers.
enum class ListStateMode : int8_t {
  kSplit = 0,      ///< elements are distributed round-robin
  kUnion = 1,      ///< every subtask gets all elements
  kBroadcast = 2,  ///< every subtask has one element, a map that is the same for all; a new subtask
                   ///< gets that of one of the old ones
};

/// State of a subtask that belongs to no key: named lists of elements. Small. The operator keeps it
/// itself and hands it over at snapshots.
class OperatorStateStore {
 public:
  virtual ~OperatorStateStore() = default;
  /// Call in open(), once for every list that the operator will ever snapshot. Returns the elements
  /// restored to this subtask, each as Serializer<E>::write wrote it. Empty on a fresh start.
  /// kBroadcast: `element` is a kMap, and the element is an i32 n, then n times key and value.
  virtual StatusOr<std::vector<std::string>> declare(const std::string& name, ListStateMode mode,
                                                     TypeDescription element) = 0;
};

/// A snapshot in progress. Valid only during Operator::snapshot().
class SnapshotContext {
 public:
  virtual ~SnapshotContext() = default;
  virtual int64_t checkpoint_id() const = 0;
  /// Sets the current elements of a declared list. A list that is not put is empty in the snapshot.
  virtual void put_list(const std::string& name, std::vector<std::string> elements) = 0;
  /// Adds blocking work (such as closing a file) that must succeed before this subtask sends its
  /// acknowledgment. Runs on the I/O pool.
  virtual void before_ack(std::function<Status()> work) = 0;
};

/// The default of weir.max-record-size.
inline constexpr size_t kDefaultMaxRecordBytes = size_t{64} << 20;

/// The environment of an operator. Lives as long as the operator. Thread: the operator's, unless
/// stated otherwise.
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
  /// Unique for every start of a subtask, across all processes and all time. For unique file names.
  virtual uint64_t attempt_nonce() const = 0;
  /// The checkpoint that this subtask was restored from, or -1.
  virtual int64_t restored_checkpoint() const = 0;
  /// Unique for every run of the job. A run begins with a fresh start and includes all its
  /// restores.
  virtual uint64_t run_nonce() const { return attempt_nonce(); }
  /// False if the restored checkpoint belongs to another job, whose output must be left alone.
  virtual bool continues_run() const { return true; }

  /// Returns where to emit the records of a side output, or null if nobody reads it. The operator
  /// may emit there during calls that have an Output. INVALID_ARGUMENT: it is read as records of
  /// another type.
  virtual StatusOr<Output*> side_output(const std::string& name, std::type_index type) {
    (void)name, (void)type;
    return nullptr;
  }

  virtual OperatorStateStore& operator_state() = 0;
  virtual FileSystemRegistry& files() = 0;
  /// The wall clock of processing-time timers, ms since 1970.
  virtual int64_t processing_time_ms() const = 0;
  /// A clock in ms that never goes back, and stops while the subtask waits for room in its output.
  virtual int64_t active_ms() const { return processing_time_ms(); }

  /// Maximum memory to keep ready for the copies of a checkpoint, as a share of the keyed state's
  /// size.
  virtual double copy_reserve() const { return 0; }
  /// True if checkpoints are incremental, so that keyed state has to know what has changed.
  virtual bool tracks_changes() const { return false; }

  /// Maximum size of a record. A source fails the task instead of making a larger one.
  virtual size_t max_record_bytes() const { return kDefaultMaxRecordBytes; }

  /// Runs `work` on the I/O pool. Then runs the continuation that it returns (may be null) on the
  /// operator's thread, unless the operator was closed meanwhile. `work` must not touch the
  /// operator.
  virtual void run_blocking(std::function<std::function<void()>()> work) = 0;
  /// Fails the task, with the operator's name. For failures in continuations.
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

/// One step of a dataflow. It has one or more inputs with records of one type each, and one or more
/// outputs: its results, and side outputs with names. Thread: one at a time. The host guarantees:
///   - It calls open() once and first, then keyed_state()->restore… if there is state to restore.
///   - It calls process/advance_* only while can_accept() is true and the output has room. It calls
///     nothing else while such a call is suspended in Output::emit().
///   - Watermarks never go back. They are those of the input that is behind, without those that are
///     idle. After advance_watermark(kMaxWatermark) and finish() there are no more records, but
///     snapshots, notifications and advance_processing_time() may follow.
///   - Completions may be lost, repeated or late. complete(n) means that all checkpoints ≤ n are
///     subsumed in which this operator took part.
/// An operator guarantees:
///   - A restore of snapshot(n) restores its state at that call.
///   - A call does a bounded amount of work, and returns kMore if work remains.
///   - It emits nothing after finish().
/// Exceptions of user code pass through; the host turns them into a failed task.
class Operator {
 public:
  virtual ~Operator() = default;

  virtual Status open(OperatorContext& context) = 0;
  /// The keyed state, or null. The host snapshots and restores it.
  virtual KeyedState* keyed_state() { return nullptr; }
  /// Called after open() and after keyed state was restored, before the first record.
  virtual Status restored() { return {}; }

  /// Takes a batch of the first input. May move records out of `batch`; the caller clears it.
  virtual void process(Batch& batch, Output& out) = 0;
  /// Takes a batch of any input, counted from 0. Operators with several inputs override it.
  virtual void process_input(int input, Batch& batch, Output& out) {
    WEIR_CHECK(input == 0);
    process(batch, out);
  }
  /// False: do not call process/advance_* now (for example, because too many bytes are in flight to
  /// a disk).
  virtual bool can_accept() { return true; }
  virtual Progress advance_watermark(Timestamp watermark, Output& out) {
    (void)watermark, (void)out;
    return Progress::kDone;
  }
  /// Fires the timers due at `now_ms`, but only a bounded number of them. If more are due,
  /// next_processing_time() says so, and the host processes other input before it calls again.
  virtual Progress advance_processing_time(int64_t now_ms, Output& out) {
    (void)now_ms, (void)out;
    return Progress::kDone;
  }
  /// When to call advance_processing_time() next (wall clock, ms); INT64_MAX: never.
  virtual int64_t next_processing_time() { return INT64_MAX; }
  /// Called after the last record and the last watermark.
  virtual Progress finish(Output& out) {
    (void)out;
    return Progress::kDone;
  }

  /// Emits all results that belong before the barrier. Called before the barrier is forwarded.
  virtual void prepare_barrier(Output& out) { (void)out; }
  virtual Status snapshot(SnapshotContext& context) {
    (void)context;
    return {};
  }
  virtual void checkpoint_completed(int64_t id) { (void)id; }
  virtual void checkpoint_aborted(int64_t id) { (void)id; }
  /// Called after finish() in a job without checkpoints. Does the work that otherwise waits for
  /// one.
  virtual void commit_without_checkpoint() {}
  /// False while work is in progress that must end before the job may end (a commit).
  virtual bool quiescent() { return true; }
  virtual void close() {}
};

struct PollResult {
  enum class Status { kMore, kNothingNow, kEnd } status = Status::kMore;
  int64_t wake_at_ms = INT64_MAX;  ///< kNothingNow: poll again at this wall-clock time (ms) at the
                                   ///< latest; a continuation also causes a poll
};

/// An operator at the head of a chain, which creates the records.
class SourceOperator : public Operator {
 public:
  void process(Batch&, Output&) final {}
  /// Emits at most one batch. `*time` is the event time that was sent last; changes it if it
  /// changes now. The host sends it after the batch.
  virtual PollResult poll(Output& out, EventTime* time) = 0;
  /// Adds splits, in the order in which to read them. Called after open(): with those of a fresh
  /// start, and with those that are found while the job runs.
  virtual void add_splits(std::vector<std::string> splits) = 0;
  /// Aligned sources: the watermark that the others wait for; kMaxWatermark if they need not wait.
  /// Nothing: none yet.
  virtual std::optional<Timestamp> watermark_to_align() const { return std::nullopt; }
  /// Aligned sources: reads no records of splits whose watermark is above this.
  virtual void align_watermark(Timestamp max_allowed) { (void)max_allowed; }
  /// Number of records emitted since open(). For the event-count checkpoint trigger and the
  /// progress line.
  virtual int64_t records_emitted() const = 0;
};

using OperatorFactory = std::function<std::unique_ptr<Operator>()>;

/// Chooses the receiving subtask of each record, by a user's Partitioner. Thread: one at a time.
/// Every sender has its own.
class RecordPartitioner {
 public:
  virtual ~RecordPartitioner() = default;
  virtual std::unique_ptr<RecordPartitioner> copy() const = 0;
  /// Sets which[i] for each record of the batch. Passes exceptions of the user's functions through.
  /// FAILED_PRECONDITION: the answer for a record is none of the `receivers` subtasks.
  virtual Status choose(const Batch& batch, int receivers, std::vector<uint16_t>* which) const = 0;
};

/// Computes Serializer<K>::hash of each record's key. Thread: one at a time, because a user's key
/// selector may have state. Every sender has its own.
class KeyHasher {
 public:
  virtual ~KeyHasher() = default;
  virtual std::unique_ptr<KeyHasher> copy() const = 0;
  /// Fills batch.key_hashes unless it is already filled. Passes exceptions of the user's key
  /// selector through.
  virtual void hash(Batch& batch) const = 0;
};

}  // namespace weir
