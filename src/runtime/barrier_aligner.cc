#include "runtime/barrier_aligner.h"

#include <algorithm>

#include "base/bug_switch.h"

namespace weir {

bool BarrierAligner::on_barrier(int channel, CheckpointId id) {
  if (id <= done_up_to_) return false;
  if (mode_ == CheckpointingMode::kAtLeastOnce) return on_barrier_at_least_once(id);
  return on_barrier_exactly_once(channel, id);
}

bool BarrierAligner::on_barrier_exactly_once(int channel, CheckpointId id) {
  if (id < open_) return false;  // a newer one has begun: this one is lost already
  if (id > open_) {              // a newer one: the open one will never be complete
    release();
    if (open_ > 0) done_up_to_ = std::max(done_up_to_, open_);
    open_ = id;
    arrived_ = 0;
  }
  if (blocked_[channel]) return false;
  if (!bug_enabled(Bug::kBarrierNotAligned)) blocked_[channel] = true;
  if (++arrived_ < static_cast<int>(blocked_.size())) return false;
  release();
  open_ = 0;
  done_up_to_ = id;
  return true;
}

bool BarrierAligner::on_barrier_at_least_once(CheckpointId id) {
  if (++arrivals_[id] < static_cast<int>(blocked_.size())) return false;
  done_up_to_ = id;
  arrivals_.erase(arrivals_.begin(), arrivals_.upper_bound(id));
  return true;
}

void BarrierAligner::on_abort(CheckpointId id) {
  if (id <= done_up_to_) return;
  arrivals_.erase(id);
  if (mode_ == CheckpointingMode::kAtLeastOnce) {
    // Older ones may still complete; only this one must not.
    arrivals_[id] = -static_cast<int>(blocked_.size());
    return;
  }
  if (open_ != 0 && open_ > id) return;
  release();
  open_ = 0;
  done_up_to_ = id;
}

void BarrierAligner::release() { std::fill(blocked_.begin(), blocked_.end(), false); }

}  // namespace weir
