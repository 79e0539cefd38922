#pragma once

#include <map>
#include <optional>
#include <vector>

#include "graph/job_graph.h"
#include "platform/clock.h"
#include "weir/time/timestamp.h"

namespace weir {

/// Computes how far each source with watermark alignment may be ahead: the least watermark that the
/// subtasks of its group have reported, plus the allowed drift. Pure. Thread: the job master's.
class WatermarkAligner {
 public:
  struct Announcement {
    int32_t vertex = 0;
    Timestamp max_allowed = kMaxWatermark;
  };

  /// The graph outlives it.
  explicit WatermarkAligner(const JobGraph& graph);

  /// Forgets all reports. Call it when an attempt begins.
  void reset();
  /// A subtask's watermark; kMaxWatermark if the others need not wait for it.
  void on_report(int32_t vertex, int32_t subtask, Timestamp watermark);
  /// The announcements that are due, at most one for each source and update interval, and only
  /// changes.
  std::vector<Announcement> take_due(MonotonicTime now);
  /// When to call take_due() next.
  MonotonicTime next() const;

 private:
  struct Source {
    int32_t vertex = 0;
    detail::WatermarkAlignment alignment;
    std::map<int32_t, Timestamp> reported = {};  ///< by subtask
    bool pending = false;                        ///< the group has new reports
    MonotonicTime due{0};
    std::optional<Timestamp> announced = {};
  };
  Timestamp least_of(const std::string& group) const;

  std::vector<Source> sources_;
};

}  // namespace weir
