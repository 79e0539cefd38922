#include "checkpoint/trigger_policy.h"

#include <algorithm>

namespace weir {

TriggerDecision decide_trigger(const TriggerPolicyOptions& options, const TriggerInputs& in) {
  using Kind = TriggerDecision::Kind;
  if (in.preparing || in.pending >= options.max_concurrent || in.deletions > options.max_deletions)
    return {Kind::kWait, {}};
  if (in.forced) {
    if (!in.last_failed || !in.last_end || *in.last_end + options.pause_after_failure <= in.now)
      return {Kind::kStart, {}};
    return {Kind::kNotBefore, *in.last_end + options.pause_after_failure};
  }

  const bool enough_events =
      options.event_threshold > 0 && in.events_since_trigger >= options.event_threshold;
  if (!enough_events && !options.interval) return {Kind::kWait, {}};
  MonotonicTime due = enough_events ? in.now : in.last_trigger + *options.interval;
  if (in.last_end) due = std::max(due, *in.last_end + options.min_pause);
  if (due <= in.now) return {Kind::kStart, {}};
  return {Kind::kNotBefore, due};
}

}  // namespace weir
