#include "checkpoint/retention.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/bug_switch.h"

namespace weir {

std::vector<CheckpointId> plan_retention(const RetentionInputs& in) {
  std::map<CheckpointId, const RetainedCheckpoint*> by_id;
  for (const RetainedCheckpoint& checkpoint : in.completed) by_id[checkpoint.id] = &checkpoint;

  std::vector<CheckpointId> to_visit;
  if (in.outcome != JobOutcome::kCanceled || in.policy != RetentionPolicy::kDeleteOnCancellation) {
    const size_t count = std::min(by_id.size(), static_cast<size_t>(std::max(in.num_retained, 1)));
    if (bug_enabled(Bug::kRetentionDeletesNewest)) {
      for (auto it = by_id.begin(); to_visit.size() < count; ++it) to_visit.push_back(it->first);
    } else {
      for (auto it = by_id.rbegin(); to_visit.size() < count; ++it) to_visit.push_back(it->first);
    }
  }
  to_visit.insert(to_visit.end(), in.in_use.begin(), in.in_use.end());

  std::set<CheckpointId> kept;
  while (!to_visit.empty()) {
    const CheckpointId id = to_visit.back();
    to_visit.pop_back();
    const auto found = by_id.find(id);
    if (found == by_id.end() || !kept.insert(id).second) continue;
    to_visit.insert(to_visit.end(), found->second->needs.begin(), found->second->needs.end());
  }

  std::vector<CheckpointId> to_delete;
  for (const auto& [id, checkpoint] : by_id) {
    if (!kept.contains(id)) to_delete.push_back(id);
  }
  return to_delete;
}

}  // namespace weir
