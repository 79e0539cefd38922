#include "flink/frame_packer.h"

#include <algorithm>

#include "base/strings.h"
#include "runtime/batch_limit.h"
#include "weir/operator/key_groups.h"

namespace weir {

StatusOr<std::unique_ptr<FramePacker>> FramePacker::create(const JobGraph& graph, int vertex,
                                                           uint32_t build, const Clock& clock,
                                                           ReplyWriter& reply) {
  std::unique_ptr<FramePacker> packer(new FramePacker(build, clock, reply));
  for (size_t i = 0; i < graph.edges.size(); ++i) {
    const JobEdge& edge = graph.edges[i];
    if (edge.from != vertex) continue;
    if (edge.codec == nullptr) {
      return failed_precondition(cat("the records between '", graph.vertices[edge.from].name,
                                     "' and '", graph.vertices[edge.to].name,
                                     "' cannot leave the process: their type has no Serializer"));
    }
    const bool keyed = edge.partitioning == Partitioning::kHash;
    Edge packed{static_cast<uint16_t>(i),
                keyed ? edge.hasher->copy() : nullptr,
                edge.codec,
                graph.vertices[edge.to].max_parallelism,
                {},
                {}};
    packed.batches.resize(keyed ? packed.max_parallelism : 1);
    packer->edges_.push_back(std::move(packed));
  }
  return packer;
}

Status FramePacker::check(size_t edge, const Batch& batch, size_t most) const {
  return check_record_bytes(batch, edges_[edge].codec.get(), most);
}

void FramePacker::emit(size_t edge, Batch& batch) {
  if (batch.empty()) return;
  taken_ += static_cast<int64_t>(batch.size());
  if (gathered_ == 0) since_ = clock_.now();
  gathered_ += batch.size();
  gather(edges_[edge], batch);
  batch.clear();
  if (gathered_ >= limit_) flush();
}

void FramePacker::gather(Edge& edge, Batch& batch) {
  if (edge.hasher) edge.hasher->hash(batch);
  const bool timed = !batch.timestamps.empty();
  const bool hashed = !batch.key_hashes.empty();
  if (!edge.filled.empty() && (edge.timed != timed || edge.hashed != hashed)) flush(edge);
  edge.timed = timed;
  edge.hashed = hashed;
  const auto use = [&](uint16_t index) {
    std::unique_ptr<Batch>& target = edge.batches[index];
    if (!target) target = batch.make_empty();
    // scatter() moves the records later: a batch is listed when its first record is on its way.
    if (targets_[index] == nullptr) {
      if (target->empty()) edge.filled.push_back(index);
      targets_[index] = target.get();
    }
  };
  targets_.assign(edge.batches.size(), nullptr);
  if (!edge.hasher) {
    use(0);
    if (edge.batches[0]->empty()) return edge.batches[0]->swap(batch);
    which_.assign(batch.size(), 0);
  } else {
    which_.resize(batch.size());
    for (size_t i = 0; i < which_.size(); ++i) {
      which_[i] = static_cast<uint16_t>(key_group_of(batch.key_hashes[i], edge.max_parallelism));
      use(which_[i]);
    }
  }
  batch.scatter(which_.data(), targets_.data());
}

void FramePacker::flush(Edge& edge) {
  for (const uint16_t index : edge.filled) {
    Batch& batch = *edge.batches[index];
    const size_t before = reply_.bytes();
    reply_.begin_frame(
        {edge.number, edge.hasher ? index : -1, static_cast<uint32_t>(batch.size()), build_});
    edge.codec->encode(batch, reply_.writer());
    reply_.end_frame();
    const size_t record_bytes = std::max<size_t>(1, (reply_.bytes() - before) / batch.size());
    // Large records lower the limit. It adapts slowly, because frames differ.
    limit_ = (limit_ * 7 + std::clamp<size_t>(kMaxBytes / record_bytes, 1, kMaxRecords)) / 8;
    batch.clear();
  }
  edge.filled.clear();
}

void FramePacker::flush() {
  for (Edge& edge : edges_) flush(edge);
  limit_ = std::max<size_t>(limit_, 1);
  gathered_ = 0;
}

}  // namespace weir
