#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace weir::kafka {

/// The transactional ids of one subtask, by number. An id may be used again only when no checkpoint
/// that might be restored contains a transaction of it: its transaction was committed before a
/// snapshot, and the checkpoint of that snapshot is complete. To use an id means to abort what is
/// open under it, and to forget what became of the last transaction. Pure.
class SlotBook {
 public:
  /// The smallest free number.
  int take() {
    const auto free = std::find_if(slots_.begin(), slots_.end(),
                                   [](const Slot& slot) { return slot.use == Use::kFree; });
    const auto number = free - slots_.begin();
    if (free == slots_.end()) slots_.push_back({});
    slots_[static_cast<size_t>(number)] = {Use::kTaken, 0};
    return static_cast<int>(number);
  }
  void on_committed(int slot) { slots_[static_cast<size_t>(slot)].use = Use::kCommitted; }
  /// A snapshot begins: it does not contain transactions that were committed before.
  void on_snapshot(int64_t checkpoint) {
    for (Slot& slot : slots_) {
      if (slot.use == Use::kCommitted) slot = {Use::kUntilComplete, checkpoint};
    }
  }
  void on_complete(int64_t checkpoint) {
    for (Slot& slot : slots_) {
      if (slot.use == Use::kUntilComplete && slot.checkpoint <= checkpoint) slot.use = Use::kFree;
    }
  }
  /// Number of ids that are not free.
  size_t in_use() const {
    return static_cast<size_t>(std::count_if(
        slots_.begin(), slots_.end(), [](const Slot& slot) { return slot.use != Use::kFree; }));
  }

 private:
  enum class Use { kFree, kTaken, kCommitted, kUntilComplete };
  struct Slot {
    Use use = Use::kFree;
    int64_t checkpoint = 0;  ///< kUntilComplete: this one
  };
  std::vector<Slot> slots_;
};

}  // namespace weir::kafka
