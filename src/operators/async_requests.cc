#include "weir/detail/stream/async_requests.h"

#include <algorithm>

#include "weir/detail/base/check.h"

namespace weir::detail {

const AsyncRequests::Request* AsyncRequests::find(uint64_t id) const {
  const auto found = requests_.find(id);
  return found == requests_.end() ? nullptr : &found->second;
}

std::vector<uint64_t> AsyncRequests::to_save() const {
  std::vector<uint64_t> ids;
  for (const auto& [id, request] : requests_) ids.push_back(id);
  return ids;
}

uint64_t AsyncRequests::start(int64_t deadline) {
  const uint64_t id = next_id_++;
  Request& request = requests_[id];
  request.deadline = deadline;
  if (deadline != INT64_MAX) timers_.emplace(deadline, id);
  return id;
}

void AsyncRequests::complete(uint64_t id) {
  Request& request = requests_.at(id);
  WEIR_CHECK(request.state == State::kRunning);
  timers_.erase({request.deadline, id});
  request.state = State::kDone;
  ++done_;
  if (!ordered_) behind_.push_back(id);
  find_ready();
}

void AsyncRequests::find_ready() {
  if (!ordered_) {
    std::erase_if(behind_, [this](uint64_t id) {
      const bool is_ready = id < limit();
      if (is_ready) ready_.push_back(id);
      return is_ready;
    });
    return;
  }
  for (auto at = requests_.lower_bound(first_not_ready_);
       at != requests_.end() && at->second.state == State::kDone && at->first < limit(); ++at) {
    ready_.push_back(at->first);
    first_not_ready_ = at->first + 1;
  }
}

void AsyncRequests::hold(Timestamp watermark, size_t waiting) {
  const uint64_t before = next_id_ + waiting;
  if (!held_.empty() && held_.back().before == before) held_.back().watermark = watermark;
  else held_.push_back({before, watermark});
}

Timestamp AsyncRequests::take_watermark() {
  const Timestamp watermark = held_.front().watermark;
  held_.pop_front();
  find_ready();
  return watermark;
}

void AsyncRequests::forget_watermarks() {
  held_.clear();
  find_ready();
}

void AsyncRequests::delay(uint64_t id, int64_t until) {
  Request& request = requests_.at(id);
  WEIR_CHECK(request.state == State::kRunning && !request.timed_out);
  request.state = State::kDelayed;
  request.retry_at = until;
  timers_.emplace(until, id);
}

bool AsyncRequests::take_due(int64_t now, uint64_t* id, Due* what) {
  if (next_due() > now) return false;
  const auto [time, due] = *timers_.begin();
  timers_.erase(timers_.begin());
  Request& request = requests_.at(due);
  *id = due;
  if (request.state == State::kDelayed && time == request.retry_at && time < request.deadline) {
    *what = Due::kRetry;
    ++request.attempt;
  } else {
    *what = Due::kTimeout;
    timers_.erase({request.retry_at, due});
    request.timed_out = true;
  }
  request.retry_at = INT64_MAX;
  request.state = State::kRunning;
  return true;
}

void AsyncRequests::hurry() {
  for (auto& [id, request] : requests_) {
    if (request.state != State::kDelayed) continue;
    timers_.erase({request.retry_at, id});
    request.retry_at = INT64_MIN;
    timers_.emplace(INT64_MIN, id);
  }
}

uint64_t AsyncRequests::take_ready() {
  const uint64_t id = ready_.front();
  ready_.pop_front();
  requests_.erase(id);
  --done_;
  return id;
}

}  // namespace weir::detail
