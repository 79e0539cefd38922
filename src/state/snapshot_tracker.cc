#include "weir/detail/state/snapshot_tracker.h"

#include <algorithm>
#include <cstdint>
#include <unordered_map>

#include "base/bug_switch.h"
#include "weir/detail/base/check.h"

namespace weir::detail {
namespace {

/// For simulated runs only: in production, a job that uses too much memory is better than none.
/// Each snapshot keeps at most the pages that were live when it began. Snapshots that have just
/// ended count too, because their pages are freed a little later.
void check_bound(const SnapshotTracker& tracker, bool first, size_t in_use) {
#ifdef WEIR_BUGS
  constexpr size_t kSlack = size_t{16} << 10;
  constexpr size_t kJustEnded = 2;
  struct Most {
    size_t live = 0;    // bytes of the current tables
    size_t in_use = 0;  // snapshots
  };
  // By address. Nothing iterates over it, so addresses do not change a run.
  thread_local std::unordered_map<uintptr_t, Most> most_of;
  Most& most = most_of[reinterpret_cast<uintptr_t>(&tracker)];
  if (first) most = {};  // an earlier tracker may have had this address
  const StateMemory now = tracker.memory_in_use();
  WEIR_CHECK_LE(now.retired, (most.in_use + kJustEnded) * most.live + kSlack);
  most.live = std::max(most.live, now.live);
  most.in_use = std::max(most.in_use, in_use + 1);
#else
  (void)tracker, (void)first, (void)in_use;
#endif
}

}  // namespace

std::shared_ptr<SnapshotProgress> SnapshotTracker::begin_snapshot() {
  forget_released();
  check_bound(*this, epoch_ == 0, in_use_.size());
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
  if (bug_enabled(Bug::kReplacedPagesKept)) return false;
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
