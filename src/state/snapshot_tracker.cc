#include "weir/detail/snapshot_tracker.h"

#include "base/bug_switch.h"

namespace weir::detail {

std::shared_ptr<SnapshotProgress> SnapshotTracker::begin_snapshot() {
  forget_released();
  auto progress = std::make_shared<SnapshotProgress>(places_.range(), ++epoch_);
  in_use_.push_back(progress);
  return progress;
}

bool SnapshotTracker::needed(uint64_t first_place, uint64_t last_place) {
  if (in_use_.empty()) return false;
  forget_released();
  if (in_use_.empty()) return false;
  const int last = places_.group_of(last_place);
  for (int group = places_.group_of(first_place); group <= last; ++group) {
    for (const auto& progress : in_use_) {
      if (!progress->released(group)) return true;
    }
  }
  return false;
}

bool SnapshotTracker::writes_into_shared_pages() const { return bug_enabled(Bug::kSnapshotSeesLaterWrites); }

int64_t SnapshotTracker::oldest_epoch_in_use() {
  forget_released();
  return in_use_.empty() ? INT64_MAX : in_use_.front()->epoch();
}

void SnapshotTracker::forget_released() {
  std::erase_if(in_use_, [](const auto& progress) { return progress->all_released(); });
}

}  // namespace weir::detail
