#pragma once

#include "weir/operator/operator.h"

namespace weir {

/// An operator at the head of a chain that replaces or delays the event time of its input. The host
/// sends its event_time() instead of the input's, except kMaxWatermark, which ends event time. It
/// looks for changes after each call of process_input(), input_time() and
/// advance_processing_time().
class EventTimeOperator : public Operator {
 public:
  /// The event time of the input has changed. Its last watermark comes by advance_watermark() only.
  virtual void input_time(const EventTime& time) { (void)time; }
  /// The current event time, which the host sends now. The watermark never goes back.
  virtual EventTime event_time() = 0;
};

}  // namespace weir
