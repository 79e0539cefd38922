#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <vector>

#include "graph/job_graph.h"
#include "platform/clock.h"
#include "runtime/batch_limit.h"
#include "runtime/channel.h"
#include "runtime/task_metrics.h"

namespace weir {

/// One outgoing edge of one subtask: decides which consuming subtask gets a record, gathers records
/// into batches, and keeps elements that the channels have no room for. Thread: the shard's.
/// Invariant: per channel, elements leave in the order they were given, and a barrier or watermark
/// leaves after every record emitted before it.
class OutputPartition {
 public:
  struct Options {
    Partitioning partitioning = Partitioning::kForward;
    std::shared_ptr<const KeyHasher> hasher = nullptr;  ///< kHash; copied
    int max_parallelism = 128;                          ///< of the consuming vertex
    size_t batch_size = 512;  ///< a gathered batch with this number of records leaves
    size_t batch_bytes =
        256 * 1024;  ///< approximate maximum size of a batch; larger ones are split
    size_t max_record_bytes = kDefaultMaxRecordBytes;                ///< larger records are refused
    std::shared_ptr<const RecordCodec> codec = nullptr;              ///< measures records
    std::shared_ptr<const RecordPartitioner> partitioner = nullptr;  ///< kCustom; copied
    uint64_t seed = 0;                                               ///< kShuffle
    /// A gathered batch leaves after this time; negative: not because of the time.
    std::chrono::nanoseconds buffer_timeout = std::chrono::milliseconds(100);
  };
  OutputPartition(Options options, std::vector<std::shared_ptr<ChannelWriter>> channels);

  /// Counts the bytes and batches that leave from now on. The metrics outlive this.
  void count_into(TaskMetrics* metrics) { metrics_ = metrics; }

  /// Whether emit() may take it. FAILED_PRECONDITION: a record is larger than records may be.
  Status check(const Batch& batch) const;
  /// Takes the contents of `batch`. The task fails if failure() is not OK afterwards.
  void emit(Batch& batch);
  const Status& failure() const { return failure_; }
  /// Sends an element to every channel, after all emitted records.
  void broadcast(StreamElement::Kind kind, int64_t value);
  /// Sends batches that are not full yet.
  void flush();
  /// The same if it is time. Returns when it will be time again.
  MonotonicTime flush_if_due(MonotonicTime now);
  /// Moves waiting elements into the channels. Returns true if none is left waiting: only then may
  /// the task run.
  bool pump();

 private:
  void route(Batch& batch);
  void scatter_by_key(Batch& batch);
  void scatter_by_chance(Batch& batch);
  void scatter_by_partitioner(Batch& batch);
  /// Sends record i of the batch to which_[i].
  void scatter(Batch& batch);
  void gather(size_t target, Batch& batch);
  void send(size_t target, StreamElement element);
  void send_gathered(size_t target);
  std::unique_ptr<Batch> empty_like(size_t target, const Batch& batch);

  const Options options_;
  TaskMetrics* metrics_ = nullptr;
  std::unique_ptr<KeyHasher> hasher_;  ///< this subtask's own copy; made when first needed
  std::unique_ptr<RecordPartitioner> partitioner_;  ///< the same
  uint64_t random_;
  Status failure_;
  BatchLimit limit_;
  std::vector<std::shared_ptr<ChannelWriter>> channels_;
  std::vector<uint16_t> subtask_of_group_;
  std::vector<std::unique_ptr<Batch>> gathered_;    ///< per channel: not full yet, or null
  std::vector<std::deque<StreamElement>> waiting_;  ///< per channel: elements that found no room
  size_t waiting_count_ = 0;
  MonotonicTime next_flush_{0};
  size_t next_target_ = 0;       ///< kRebalance, kRescale
  std::vector<uint16_t> which_;  ///< scratch
  std::vector<Batch*> targets_;  ///< scratch
};

}  // namespace weir
