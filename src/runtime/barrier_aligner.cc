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
  if (id > open_ && open_ > 0)
    give_up_open();  // barriers keep their order: the open one's will not come on this channel
  if (aborted_.contains(id)) return false;
  if (id > open_) {
    open_ = id;
    arrived_ = 0;
  }
  if (blocked_[channel]) return false;
  if (!bug_enabled(Bug::kBarrierNotAligned)) blocked_[channel] = true;
  if (++arrived_ < static_cast<int>(blocked_.size())) return false;
  finish(id);
  return true;
}

bool BarrierAligner::on_barrier_at_least_once(CheckpointId id) {
  if (aborted_.contains(id)) return false;
  if (++arrivals_[id] < static_cast<int>(blocked_.size())) return false;
  finish(id);
  arrivals_.erase(arrivals_.begin(), arrivals_.upper_bound(id));
  return true;
}

void BarrierAligner::on_abort(CheckpointId id) {
  if (id <= done_up_to_) return;
  if (id == open_) return give_up_open();
  arrivals_.erase(id);
  aborted_.add(id);
}

void BarrierAligner::give_up_open() { finish(open_); }

void BarrierAligner::finish(CheckpointId id) {
  std::fill(blocked_.begin(), blocked_.end(), false);
  open_ = 0;
  done_up_to_ = id;
  aborted_.forget_up_to(id);
}

}  // namespace weir
