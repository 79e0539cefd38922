#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "weir/detail/table_hash.h"

namespace weir::detail {

/// How far the reader of one snapshot has come. Written by the reader (I/O pool), read by the operator's thread.
class SnapshotProgress {
 public:
  SnapshotProgress(KeyGroupRange range, int64_t epoch)
      : range_(range), epoch_(epoch), released_(static_cast<size_t>(range.size())) {}

  int64_t epoch() const { return epoch_; }
  /// The reader will not look at this group's entries again, in any state.
  void release(int group) { released_[index(group)].store(true, std::memory_order_release); }
  void release_all() { all_released_.store(true, std::memory_order_release); }

  bool all_released() const { return all_released_.load(std::memory_order_acquire); }
  bool released(int group) const { return released_[index(group)].load(std::memory_order_acquire); }

 private:
  size_t index(int group) const { return static_cast<size_t>(group - range_.first); }

  const KeyGroupRange range_;
  const int64_t epoch_;
  std::vector<std::atomic<bool>> released_;
  std::atomic<bool> all_released_{false};
};

/// The snapshots of one operator's keyed state that are still being read; what its tables ask before they write in place.
/// Thread: the operator's.
class SnapshotTracker {
 public:
  explicit SnapshotTracker(PlaceSpace places) : places_(places) {}

  const PlaceSpace& places() const { return places_; }
  /// The number of the last snapshot begun.
  int64_t epoch() const { return epoch_; }

  std::shared_ptr<SnapshotProgress> begin_snapshot();
  /// Whether a snapshot may still read entries between the two places, both included.
  bool needed(uint64_t first_place, uint64_t last_place);
  /// Memory that was replaced at this epoch or before may be given back; INT64_MAX if no snapshot is being read.
  int64_t oldest_epoch_in_use();
  /// A fault that tests switch on (src/base/bug_switch.h): pages are not copied before they are written.
  bool writes_into_shared_pages() const;

 private:
  void forget_released();

  const PlaceSpace places_;
  int64_t epoch_ = 0;
  std::vector<std::shared_ptr<const SnapshotProgress>> in_use_;  // oldest first
};

}  // namespace weir::detail
