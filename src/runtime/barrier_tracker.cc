#include "runtime/barrier_tracker.h"

#include <algorithm>

#include "base/bug_switch.h"
#include "weir/detail/base/check.h"

namespace weir {

BarrierAction BarrierTracker::on_barrier(int channel, CheckpointId id) {
  if (missing(channel) && id >= recording_) {
    if (id == recording_) {
      missing_[channel] = false;
      --missing_count_;
      if (bug_enabled(Bug::kRecordingEndsEarly)) missing_count_ = 0;
      return BarrierAction::kHold;
    }
    end_recording();  // its sender has dropped the barrier, so the checkpoint is lost
  }
  if (id <= done_up_to_) return BarrierAction::kDrop;
  if (mode_ == CheckpointingMode::kAtLeastOnce) return on_barrier_at_least_once(id);
  return on_barrier_exactly_once(channel, id);
}

BarrierAction BarrierTracker::on_barrier_exactly_once(int channel, CheckpointId id) {
  // A newer checkpoint has begun, so this one is lost.
  if (id < open_ && !bug_enabled(Bug::kOlderBarrierCounts)) return BarrierAction::kDrop;
  // Barriers stay in order, so the open checkpoint's barrier will not arrive on this channel.
  if (id > open_ && open_ > 0) finish(open_);
  if (aborted_.contains(id)) return BarrierAction::kDrop;
  if (id > open_) {
    open_ = id;
    arrived_ = 0;
  }
  if (blocked_[channel]) return BarrierAction::kHold;
  if (!bug_enabled(Bug::kBarrierNotAligned)) blocked_[channel] = true;
  // If it overtakes, elements that were pulled out may not be processed yet.
  if (++arrived_ < static_cast<int>(blocked_.size()) || id == overtake_)
    return BarrierAction::kHold;
  return complete(id);
}

BarrierAction BarrierTracker::on_barrier_at_least_once(CheckpointId id) {
  if (aborted_.contains(id)) return BarrierAction::kDrop;
  if (++arrivals_[id] < static_cast<int>(blocked_.size())) return BarrierAction::kHold;
  arrivals_.erase(arrivals_.begin(), arrivals_.upper_bound(id));
  return complete(id);
}

BarrierAction BarrierTracker::complete(CheckpointId id) {
  finish(id);
  if (ended_ && !first_after_end_) first_after_end_ = id;
  return BarrierAction::kSnapshot;
}

void BarrierTracker::overtake(CheckpointId id) {
  WEIR_CHECK(mode_ == CheckpointingMode::kExactlyOnce);
  if (id > done_up_to_ && !aborted_.contains(id)) overtake_ = std::max(overtake_, id);
}

CheckpointId BarrierTracker::overtaking() const {
  // One checkpoint after the other: barriers of the older one come first.
  if (overtake_ == 0 || recording_ != 0 || (open_ != 0 && open_ != overtake_)) return 0;
  for (size_t channel = 0; channel < aligned_only_.size(); ++channel) {
    if (aligned_only_[channel] && !blocked_[channel]) return 0;
  }
  return overtake_;
}

void BarrierTracker::take_overtaking() {
  WEIR_CHECK(overtaking() != 0);
  recording_ = overtake_;
  missing_count_ = 0;
  for (size_t channel = 0; channel < blocked_.size(); ++channel) {
    missing_[channel] = !blocked_[channel];
    missing_count_ += missing_[channel] ? 1 : 0;
  }
  complete(recording_);
}

bool BarrierTracker::pulls(int channel) const {
  if (recording_ != 0) return missing_[channel];
  if (overtake_ == 0 || (open_ != 0 && open_ != overtake_)) return false;
  return !blocked_[channel] &&
         (aligned_only_.empty() || !aligned_only_[static_cast<size_t>(channel)]);
}

void BarrierTracker::on_abort(CheckpointId id) {
  if (id == recording_) end_recording();
  if (id == overtake_) overtake_ = 0;
  if (id <= done_up_to_) return;
  if (id == open_) return finish(id);
  arrivals_.erase(id);
  aborted_.add(id);
}

CheckpointId BarrierTracker::next_trigger() {
  const auto dropped = [this](CheckpointId id) {
    return id <= done_up_to_ || aborted_.contains(id);
  };
  while (!triggers_.empty() && dropped(triggers_.front())) triggers_.pop_front();
  return triggers_.empty() ? 0 : triggers_.front();
}

std::optional<CheckpointId> BarrierTracker::take_trigger() {
  while (!triggers_.empty()) {
    const CheckpointId id = triggers_.front();
    triggers_.pop_front();
    if (on_barrier(0, id) == BarrierAction::kSnapshot) return id;
  }
  return std::nullopt;
}

void BarrierTracker::finish(CheckpointId id) {
  std::fill(blocked_.begin(), blocked_.end(), false);
  open_ = 0;
  if (overtake_ <= id) overtake_ = 0;
  done_up_to_ = id;
  aborted_.forget_up_to(id);
}

}  // namespace weir
