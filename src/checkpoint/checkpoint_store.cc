#include "checkpoint/checkpoint_store.h"

#include <algorithm>
#include <utility>

#include "weir/detail/base/check.h"

namespace weir {

CheckpointStore::CheckpointStore(CheckpointStoreOptions options)
    : options_(std::move(options)),
      completed_(options_.completed),
      unconfirmed_(options_.unconfirmed) {
  std::sort(completed_.begin(), completed_.end());
}

void CheckpointStore::add(CheckpointId id) {
  WEIR_CHECK(completed_.empty() || completed_.back() < id);
  completed_.push_back(id);
  confirmed_ = true;
}

void CheckpointStore::share_with_others(CheckpointId id) {
  foreign_.insert(id);
  shared_ = true;
}

std::optional<CheckpointId> CheckpointStore::latest() const {
  if (completed_.empty()) return std::nullopt;
  return completed_.back();
}

bool CheckpointStore::is_completed(CheckpointId id) const {
  return std::binary_search(completed_.begin(), completed_.end(), id);
}

bool CheckpointStore::is_left_over(CheckpointId id, CheckpointId next_id) const {
  return id >= options_.first_id && id < next_id && !is_completed(id) && !foreign_.contains(id);
}

std::vector<CheckpointId> CheckpointStore::take_superfluous(JobOutcome outcome) {
  if (outcome != JobOutcome::kRunning && shared_) return {};
  std::vector<CheckpointId> superfluous;
  if (confirmed_) superfluous = std::exchange(unconfirmed_, {});
  RetentionInputs in;
  for (const CheckpointId id : completed_) in.completed.push_back({id});
  in.num_retained = options_.num_retained;
  in.outcome = outcome;
  in.policy = options_.retention;
  for (const CheckpointId id : plan_retention(in)) {
    std::erase(completed_, id);
    superfluous.push_back(id);
  }
  return superfluous;
}

}  // namespace weir
