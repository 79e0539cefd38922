#include "weir/detail/state/snapshot_tracker.h"

#include <algorithm>

#include "base/bug_switch.h"

namespace weir::detail {

std::shared_ptr<SnapshotProgress> SnapshotTracker::begin_snapshot() {
  forget_released();
  auto progress = std::make_shared<SnapshotProgress>(places_.range(), ++epoch_);
  in_use_.push_back(progress);
  return progress;
}

bool SnapshotTracker::any_in_use() {
  forget_released();
  return !in_use_.empty();
}

bool SnapshotTracker::needed(uint64_t first_place, uint64_t last_place, uint32_t born) {
  if (in_use_.empty()) return false;
  forget_released();
  if (in_use_.empty()) return false;
  const int first = places_.group_of(first_place);
  const int last = places_.group_of(last_place);
  for (const auto& progress : in_use_) {
    if (progress->epoch() <= born) continue;
    // Readers begin with the first group, so checking from the last one finds an unreleased group
    // soonest.
    for (int group = last; group >= first; --group) {
      if (!progress->released(group)) return true;
    }
  }
  return false;
}

void SnapshotTracker::retire(uintptr_t word, DeferredFree::Free free, size_t bytes, uint32_t born) {
  forget_released();
  const int64_t reader = oldest_reader_after(born);
  if (reader == DeferredFree::kNoReader) {
    free(memory_->arena, word);
  } else {
    memory_->retired.add({word, free, epoch()}, bytes, reader);
  }
}

bool SnapshotTracker::reclaim_some(size_t limit) {
  forget_released();
  return memory_->retired.collect(memory_->arena, limit,
                                  [this](int64_t epoch) { return oldest_reader_after(epoch); });
}

bool SnapshotTracker::writes_into_shared_pages() const {
  return bug_enabled(Bug::kSnapshotSeesLaterWrites);
}

int64_t SnapshotTracker::oldest_reader_after(int64_t epoch) const {
  const auto found = std::find_if(in_use_.begin(), in_use_.end(),
                                  [&](const auto& progress) { return progress->epoch() > epoch; });
  return found == in_use_.end() ? DeferredFree::kNoReader : (*found)->epoch();
}

void SnapshotTracker::forget_released() {
  std::erase_if(in_use_, [](const auto& progress) { return progress->all_released(); });
}

}  // namespace weir::detail
