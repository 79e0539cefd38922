#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "flink/reply_writer.h"
#include "graph/job_graph.h"
#include "platform/clock.h"

namespace weir {

/// Gathers what a chain emits and writes it into frames: on a hash edge one for each key group, so
/// that Flink can route a frame wherever the group goes; on other edges one for all. Frames are
/// written when enough has come together, and at flush().
class FramePacker {
 public:
  static constexpr size_t kMaxRecords = 8192;  ///< gathered on all edges
  static constexpr size_t kMaxBytes =
      512 * 1024;  ///< of them, by the size of what was written before

  /// Of the edges that leave `vertex`. All references outlive the packer. FAILED_PRECONDITION: the
  /// records of an edge have no serializer.
  static StatusOr<std::unique_ptr<FramePacker>> create(const JobGraph& graph, int vertex,
                                                       uint32_t build, const Clock& clock,
                                                       ReplyWriter& reply);

  /// Takes the contents of `batch`. May throw what the user's key selector or serializer throws.
  void emit(Batch& batch);
  void flush();

  size_t gathered() const { return gathered_; }
  /// When the oldest of the gathered records came.
  MonotonicTime since() const { return since_; }
  /// Records taken since the beginning.
  int64_t taken() const { return taken_; }

 private:
  struct Edge {
    uint16_t number;
    std::unique_ptr<KeyHasher> hasher;  ///< hash edges only
    std::shared_ptr<const RecordCodec> codec;
    int max_parallelism;
    std::vector<std::unique_ptr<Batch>> batches;  ///< by key group, or just one; null: none yet
    std::vector<uint16_t> filled;                 ///< indices of those that are not empty
    bool timed = false;                           ///< what is gathered has timestamps
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
  size_t limit_ = 512;  ///< of records; goes to what their size allows
  int64_t taken_ = 0;
  MonotonicTime since_{0};
  std::vector<uint16_t> which_;  ///< scratch
  std::vector<Batch*> targets_;  ///< scratch
};

}  // namespace weir
