#pragma once

#include "weir/operator/operator.h"

namespace weir {

/// An operator at the head of a chain that replaces the event time of its input. The host ignores
/// the input's watermarks, except kMaxWatermark, which ends event time, and its idleness. After
/// each call of process_input() and advance_processing_time() it sends the changes of event_time().
class EventTimeOperator : public Operator {
 public:
  /// The current event time. The watermark never goes back.
  virtual EventTime event_time() const = 0;
};

}  // namespace weir
