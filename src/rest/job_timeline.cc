#include "rest/job_timeline.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace weir::rest {

JobTimeline::Point point_of(const JobSnapshot& job) {
  std::vector<bool> is_last(job.vertices.size(), true);
  for (const JobSnapshot::Edge& edge : job.edges) is_last[static_cast<size_t>(edge.from)] = false;
  double records = 0;
  double busy = 0;
  double back = 0;
  int64_t watermark = INT64_MAX;
  for (const TaskStatus& task : job.figures->tasks) {
    const auto vertex = static_cast<size_t>(task.figures.vertex);
    if (vertex >= job.vertices.size()) continue;
    const bool source = job.vertices[vertex].is_source;
    if (source) records += task.rates.records_out;
    if (is_last[vertex]) {
      watermark = std::min(watermark,
                           source ? task.figures.output_watermark : task.figures.input_watermark);
    }
    busy = std::max(busy, task.rates.busy_ms);
    back = std::max(back, task.rates.back_pressured_ms);
  }
  JobTimeline::Point point{.at_ms = job.now_ms};
  point.records_per_second = std::llround(records);
  if (watermark != INT64_MAX && watermark != INT64_MIN)
    point.lag_ms = watermark < job.now_ms ? job.now_ms - std::max<int64_t>(watermark, 0) : 0;
  point.busy = static_cast<int32_t>(std::lround(busy));
  point.back = static_cast<int32_t>(std::lround(back));
  return point;
}

void JobTimeline::sample(const JobSnapshot& job) {
  const Point point = point_of(job);
  std::lock_guard lock(mutex_);
  if (!points_.empty() && point.at_ms <= points_.back().at_ms) return;
  points_.push_back(point);
  if (points_.size() > kMaxPoints) points_.pop_front();
}

Json JobTimeline::json() const {
  Json at = Json::array();
  Json records = Json::array();
  Json lag = Json::array();
  Json busy = Json::array();
  Json back = Json::array();
  {
    std::lock_guard lock(mutex_);
    for (const Point& point : points_) {
      at.push_back(point.at_ms);
      records.push_back(point.records_per_second);
      lag.push_back(point.lag_ms);
      busy.push_back(point.busy);
      back.push_back(point.back);
    }
  }
  Json json = Json::object();
  json["at"] = std::move(at);
  json["records_per_second"] = std::move(records);
  json["lag"] = std::move(lag);
  json["busy"] = std::move(busy);
  json["back"] = std::move(back);
  return json;
}

}  // namespace weir::rest
