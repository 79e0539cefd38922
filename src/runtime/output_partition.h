#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "graph/job_graph.h"
#include "runtime/batch_limit.h"
#include "runtime/channel.h"

namespace weir {

/// One outgoing edge of one subtask: decides which of the consuming subtasks gets a record, gathers
/// records into batches, and keeps what the channels have no room for. Thread: the shard's.
/// Invariant: per channel, elements leave in the order they were given, and a barrier or watermark
/// leaves after every record emitted before it.
class OutputPartition {
 public:
  struct Options {
    Partitioning partitioning = Partitioning::kForward;
    std::shared_ptr<const KeyHasher> hasher = nullptr;  ///< kHash; copied
    int max_parallelism = 128;                          ///< of the consuming vertex
    size_t batch_size = 512;  ///< records at which a gathered batch leaves
    size_t batch_bytes =
        256 * 1024;  ///< about these; then a batch leaves sooner, and a larger one in parts
    std::shared_ptr<const RecordCodec> codec = nullptr;  ///< tells how large records are
  };
  OutputPartition(Options options, std::vector<std::shared_ptr<ChannelWriter>> channels);

  /// Takes the contents of `batch`.
  void emit(Batch& batch);
  /// To every channel, after all that was emitted.
  void broadcast(StreamElement::Kind kind, int64_t value);
  /// Sends off batches that are not full yet.
  void flush();
  /// Moves what waits into the channels. True if nothing waits: only then may the task be run.
  bool pump();

 private:
  void route(Batch& batch);
  void scatter_by_key(Batch& batch);
  void gather(size_t target, Batch& batch);
  void send(size_t target, StreamElement element);
  void send_gathered(size_t target);
  std::unique_ptr<Batch> empty_like(size_t target, const Batch& batch);

  const Options options_;
  std::unique_ptr<KeyHasher> hasher_;  ///< this subtask's own; made when it is needed
  BatchLimit limit_;
  std::vector<std::shared_ptr<ChannelWriter>> channels_;
  std::vector<uint16_t> subtask_of_group_;
  std::vector<std::unique_ptr<Batch>> gathered_;    ///< per channel: not full yet, or null
  std::vector<std::deque<StreamElement>> waiting_;  ///< per channel: found no room
  size_t waiting_count_ = 0;
  size_t next_target_ = 0;       ///< kRebalance
  std::vector<uint16_t> which_;  ///< scratch
  std::vector<Batch*> targets_;  ///< scratch
};

}  // namespace weir
