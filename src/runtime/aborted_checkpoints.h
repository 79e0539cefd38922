#pragma once

#include <set>

#include "base/ids.h"

namespace weir {

/// The checkpoints that were given up and of which barriers or snapshots may still come. Each is
/// remembered by its id: with several checkpoints under way, giving up one says nothing about the
/// others. Thread: one at a time.
class AbortedCheckpoints {
 public:
  /// Above this the lowest ids are forgotten. A late piece of those blocks or keeps something until
  /// the next checkpoint; the coordinator does not take it.
  static constexpr size_t kMax = 1000;

  void add(CheckpointId id) {
    ids_.insert(id);
    if (ids_.size() > kMax) ids_.erase(ids_.begin());
  }
  bool contains(CheckpointId id) const { return ids_.contains(id); }
  /// Nothing of `id` and of older ones can come any more.
  void forget_up_to(CheckpointId id) { ids_.erase(ids_.begin(), ids_.upper_bound(id)); }
  size_t size() const { return ids_.size(); }

 private:
  std::set<CheckpointId> ids_;
};

}  // namespace weir
