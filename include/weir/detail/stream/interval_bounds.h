#pragma once

#include <string>

#include "weir/time/timestamp.h"

namespace weir::detail {

/// The times of an interval join, in ms: a pair is joined if the right timestamp minus the left one
/// is between `lower` and `upper`, both included. Sums saturate.
struct IntervalBounds {
  Timestamp lower = 0;
  Timestamp upper = 0;

  /// Returns a sentence if no pair can be within the bounds, or nothing.
  std::string problem() const;
  /// Returns the bounds as the other stream sees them.
  IntervalBounds reversed() const;
  /// The first and the last timestamp of the other stream that join with a record.
  Timestamp first(Timestamp timestamp) const;
  Timestamp last(Timestamp timestamp) const;
  /// The watermark from which on a record is not needed.
  Timestamp end_of(Timestamp timestamp) const;
};

}  // namespace weir::detail
