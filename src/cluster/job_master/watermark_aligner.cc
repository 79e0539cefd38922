#include "cluster/job_master/watermark_aligner.h"

#include <algorithm>

#include "weir/detail/base/saturating.h"

namespace weir {

WatermarkAligner::WatermarkAligner(const JobGraph& graph) {
  for (size_t v = 0; v < graph.vertices.size(); ++v) {
    if (const auto& alignment = graph.vertices[v].chain[0].alignment)
      sources_.push_back({static_cast<int32_t>(v), *alignment});
  }
}

void WatermarkAligner::reset() {
  for (Source& source : sources_) source = {source.vertex, source.alignment};
}

void WatermarkAligner::on_report(int32_t vertex, int32_t subtask, Timestamp watermark) {
  const auto from = std::find_if(sources_.begin(), sources_.end(),
                                 [&](const Source& source) { return source.vertex == vertex; });
  if (from == sources_.end()) return;
  from->reported[subtask] = watermark;
  for (Source& source : sources_)
    source.pending = source.pending || source.alignment.group == from->alignment.group;
}

std::vector<WatermarkAligner::Announcement> WatermarkAligner::take_due(MonotonicTime now) {
  std::vector<Announcement> due;
  for (Source& source : sources_) {
    if (!source.pending || now < source.due) continue;
    source.pending = false;
    source.due = now + std::chrono::milliseconds(source.alignment.update_interval_ms);
    const Timestamp max_allowed =
        detail::saturating_add(least_of(source.alignment.group), source.alignment.max_drift_ms);
    if (source.announced == max_allowed) continue;
    source.announced = max_allowed;
    due.push_back({source.vertex, max_allowed});
  }
  return due;
}

MonotonicTime WatermarkAligner::next() const {
  MonotonicTime next = MonotonicTime::max();
  for (const Source& source : sources_) {
    if (source.pending) next = std::min(next, source.due);
  }
  return next;
}

Timestamp WatermarkAligner::least_of(const std::string& group) const {
  Timestamp least = kMaxWatermark;
  for (const Source& source : sources_) {
    if (source.alignment.group != group) continue;
    for (const auto& [subtask, watermark] : source.reported) least = std::min(least, watermark);
  }
  return least;
}

}  // namespace weir
