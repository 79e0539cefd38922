#pragma once

#include <cstdint>
#include <deque>
#include <mutex>

#include "rest/job_snapshot.h"
#include "rest/json_value.h"

namespace weir::rest {

/// The course of a job over the last day, for the page: without it, a plot would begin when the
/// page was opened. Thread: any.
class JobTimeline {
 public:
  struct Point {
    int64_t at_ms = 0;
    int64_t records_per_second = 0;  ///< that sources emit
    /// From the watermark of the slowest last vertex to the clock; -1: there is none, or event time
    /// has ended.
    int64_t lag_ms = -1;
    int32_t busy = 0;  ///< of the busiest task, in thousandths
    int32_t back = 0;  ///< of the most back-pressured task
    bool operator==(const Point&) const = default;
  };
  static constexpr size_t kMaxPoints = 8640;  ///< a day of points every 10 s

  /// Adds what the snapshot shows. Ignored if it is not newer than the last one.
  void sample(const JobSnapshot& job);
  /// A list for each member of Point, oldest first.
  Json json() const;

 private:
  mutable std::mutex mutex_;
  std::deque<Point> points_;  // guarded by mutex_
};

/// Pure.
JobTimeline::Point point_of(const JobSnapshot& job);

}  // namespace weir::rest
