#include "weir/detail/stream/interval_bounds.h"

#include "base/bug_switch.h"
#include "base/strings.h"
#include "weir/detail/base/saturating.h"

namespace weir::detail {

std::string IntervalBounds::problem() const {
  if (lower <= upper) return "";
  return cat("interval_join can join nothing: the lower bound of between() is ", lower,
             " ms and the upper one ", upper,
             " ms, with exclusive bounds moved inward by 1 ms; give the smaller one first");
}

IntervalBounds IntervalBounds::reversed() const {
  return {saturating_sub(0, upper), saturating_sub(0, lower)};
}

Timestamp IntervalBounds::first(Timestamp timestamp) const {
  return saturating_add(timestamp, lower);
}

Timestamp IntervalBounds::last(Timestamp timestamp) const {
  return saturating_add(timestamp, upper);
}

Timestamp IntervalBounds::end_of(Timestamp timestamp) const {
  const Timestamp end = upper > 0 ? last(timestamp) : timestamp;
  return bug_enabled(Bug::kIntervalJoinCleansEarly) ? saturating_sub(end, 1) : end;
}

}  // namespace weir::detail
