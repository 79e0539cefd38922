#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "weir/detail/state/deferred_free.h"
#include "weir/detail/state/page_arena.h"
#include "weir/detail/state/table_hash.h"

namespace weir::detail {

/// The progress of the reader of one snapshot. The reader writes it (I/O pool), and the operator's
/// thread reads it.
class SnapshotProgress {
 public:
  SnapshotProgress(KeyGroupRange range, int64_t epoch)
      : range_(range), epoch_(epoch), released_(static_cast<size_t>(range.size())) {}

  int64_t epoch() const { return epoch_; }
  /// The reader has finished with this group's entries, in all states.
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

/// The memory of all tables of one operator. Lives until the last table or view is destroyed.
struct TableMemory {
  PageArena arena;
  DeferredFree retired;
  ~TableMemory() { retired.free_all(arena); }
};

/// The use of that memory, in bytes.
struct StateMemory {
  size_t live = 0;      ///< in pages and directories of the current tables
  size_t retired = 0;   ///< in replaced ones that a snapshot sees or recently saw
  size_t reserved = 0;  ///< allocated from the system
};

/// The active snapshots of one operator's keyed state. Tables ask it before they write in place,
/// and leave replaced memory with it that a snapshot may still see. Thread: the operator's.
class SnapshotTracker {
 public:
  explicit SnapshotTracker(PlaceSpace places)
      : places_(places), memory_(std::make_shared<TableMemory>()) {}

  const PlaceSpace& places() const { return places_; }
  const std::shared_ptr<TableMemory>& memory() const { return memory_; }
  StateMemory memory_in_use() const {
    const size_t retired = memory_->retired.bytes();
    return {memory_->arena.used_bytes() - retired, retired, memory_->arena.reserved_bytes()};
  }
  /// The number of the last snapshot. Only later snapshots see objects that are made now.
  uint32_t epoch() const { return static_cast<uint32_t>(epoch_); }

  /// Tables then know what has changed since an earlier snapshot. Call it before the first table.
  void track_changes(bool track) { tracks_changes_ = track; }
  bool tracks_changes() const { return tracks_changes_; }
  /// A snapshot is durable: the next ones only have to know what has changed since. 0: none is.
  void set_base(uint32_t epoch) { base_ = epoch; }
  uint32_t base() const { return base_; }

  std::shared_ptr<SnapshotProgress> begin_snapshot();
  bool any_in_use();
  /// Whether a snapshot may still read an object made in epoch `born`, for the entries between the
  /// two places (both included).
  bool needed(uint64_t first_place, uint64_t last_place, uint32_t born);

  /// Frees a replaced object when no snapshot can see it any more. `bytes`: how much `free` will
  /// free.
  void retire(uintptr_t word, DeferredFree::Free free, size_t bytes, uint32_t born);
  /// Checks up to `limit` retired words. Returns true if there may be more to free now.
  bool reclaim(size_t limit) {
    if (memory_->retired.empty()) return false;
    return reclaim_some(limit);
  }
  bool has_garbage() const { return !memory_->retired.empty(); }

  /// A deliberate mistake for tests (src/base/bug_switch.h): pages are not copied before a write.
  bool writes_into_shared_pages() const;

 private:
  void forget_released();
  int64_t oldest_reader_after(int64_t epoch) const;
  bool reclaim_some(size_t limit);

  const PlaceSpace places_;
  const std::shared_ptr<TableMemory> memory_;
  int64_t epoch_ = 0;
  uint32_t base_ = 0;
  bool tracks_changes_ = false;
  std::vector<std::shared_ptr<const SnapshotProgress>> in_use_;  // oldest first
};

}  // namespace weir::detail
