#include "runtime/task_metrics.h"

#include <algorithm>

namespace weir {

void TimeMeter::enter(State state, MonotonicTime now) {
  const State before = state_.load(std::memory_order_relaxed);
  const int64_t since = since_.get();
  if (since != 0) {
    // Idle tasks enter the same state again and again: that costs nothing.
    if (before == state && state != State::kBusy) return;
    spent_[static_cast<int>(before)].add(std::max<int64_t>(0, now.count() - since));
  }
  since_.set(now.count());
  state_.store(state, std::memory_order_relaxed);
}

TimeShares TimeMeter::shares(MonotonicTime now) const {
  int64_t spent[3];
  for (int i = 0; i < 3; ++i) spent[i] = spent_[i].get();
  if (const int64_t since = since_.get(); since != 0)
    spent[static_cast<int>(state_.load(std::memory_order_relaxed))] +=
        std::max<int64_t>(0, now.count() - since);
  return {MonotonicTime(spent[0]), MonotonicTime(spent[1]), MonotonicTime(spent[2])};
}

}  // namespace weir
