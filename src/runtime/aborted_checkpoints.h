#pragma once

#include <set>

#include "base/ids.h"

namespace weir {

/// Aborted checkpoints whose barriers or snapshots may still arrive. Each is remembered by its id,
/// because several checkpoints can be in progress, and aborting one does not affect the others.
/// Thread: one at a time.
class AbortedCheckpoints {
 public:
  /// Maximum number of ids. Above it the lowest ids are forgotten. A late barrier or snapshot of a
  /// forgotten checkpoint blocks a channel or keeps memory until the next checkpoint; the
  /// coordinator rejects it.
  static constexpr size_t kMax = 1000;

  void add(CheckpointId id) {
    ids_.insert(id);
    if (ids_.size() > kMax) ids_.erase(ids_.begin());
  }
  bool contains(CheckpointId id) const { return ids_.contains(id); }
  /// Call it when nothing of `id` or an older checkpoint can arrive any more.
  void forget_up_to(CheckpointId id) { ids_.erase(ids_.begin(), ids_.upper_bound(id)); }
  size_t size() const { return ids_.size(); }

 private:
  std::set<CheckpointId> ids_;
};

}  // namespace weir
