#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "flink/reply_writer.h"
#include "graph/job_graph.h"
#include "platform/clock.h"

namespace weir {

/// Buffers a chain's output and writes it into frames: on a hash edge one per key group, so that
/// Flink can route a frame to wherever the group goes; on other edges a single one. Frames are
/// written when enough records are buffered, and at flush().
class FramePacker {
 public:
  static constexpr size_t kMaxRecords = 8192;  ///< buffered, of all edges together
  /// Approximate maximum, by the size of earlier frames.
  static constexpr size_t kMaxBytes = 512 * 1024;

  /// For the edges that leave `vertex`. All references outlive the packer. FAILED_PRECONDITION: the
  /// records of an edge have no serializer.
  static StatusOr<std::unique_ptr<FramePacker>> create(const JobGraph& graph, int vertex,
                                                       uint32_t build, const Clock& clock,
                                                       ReplyWriter& reply);

  /// How many edges leave the vertex. They are numbered in their order in the graph.
  size_t edges() const { return edges_.size(); }
  /// Whether emit() may take it. FAILED_PRECONDITION: a record takes more than `most` bytes.
  Status check(size_t edge, const Batch& batch, size_t most) const;
  /// Takes the contents of `batch` for one edge. Passes on exceptions of the user's key selector or
  /// serializer.
  void emit(size_t edge, Batch& batch);
  void flush();

  /// Records that are buffered.
  size_t gathered() const { return gathered_; }
  /// The arrival time of the oldest buffered record.
  MonotonicTime since() const { return since_; }
  /// Total number of records taken.
  int64_t taken() const { return taken_; }

 private:
  struct Edge {
    uint16_t number;
    std::unique_ptr<KeyHasher> hasher;  ///< hash edges only
    std::shared_ptr<const RecordCodec> codec;
    int max_parallelism;
    std::vector<std::unique_ptr<Batch>> batches;  ///< by key group, or a single one; null: none yet
    std::vector<uint16_t> filled;                 ///< indices of the batches that are not empty
    bool timed = false;                           ///< the buffered records have timestamps
    bool hashed = false;
  };

  FramePacker(uint32_t build, const Clock& clock, ReplyWriter& reply)
      : build_(build), clock_(clock), reply_(reply) {}
  void gather(Edge& edge, Batch& batch);
  void flush(Edge& edge);

  const uint32_t build_;
  const Clock& clock_;
  ReplyWriter& reply_;
  std::vector<Edge> edges_;
  size_t gathered_ = 0;
  size_t limit_ = 512;  ///< in records; adapts to their size
  int64_t taken_ = 0;
  MonotonicTime since_{0};
  std::vector<uint16_t> which_;  ///< scratch
  std::vector<Batch*> targets_;  ///< scratch
};

}  // namespace weir
