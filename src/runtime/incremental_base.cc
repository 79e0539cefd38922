#include "runtime/incremental_base.h"

#include <algorithm>

namespace weir {

void IncrementalBase::add(CheckpointId id, Checkpoint checkpoint) {
  auto added = std::make_shared<const Checkpoint>(std::move(checkpoint));
  std::lock_guard lock(mutex_);
  checkpoints_[id] = std::move(added);
}

void IncrementalBase::completed(CheckpointId id) {
  std::lock_guard lock(mutex_);
  if (id <= completed_) return;
  checkpoints_.erase(checkpoints_.begin(), checkpoints_.lower_bound(completed_));
  completed_ = id;
}

void IncrementalBase::aborted(CheckpointId id) {
  std::lock_guard lock(mutex_);
  checkpoints_.erase(id);
}

std::shared_ptr<const IncrementalBase::Checkpoint> IncrementalBase::find(CheckpointId id) const {
  std::lock_guard lock(mutex_);
  const auto found = checkpoints_.find(id);
  return found == checkpoints_.end() ? nullptr : found->second;
}

}  // namespace weir
