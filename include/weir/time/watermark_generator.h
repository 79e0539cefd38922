#pragma once

#include "weir/time/timestamp.h"

namespace weir {

/// Where a WatermarkGenerator sends what it knows about event time. Valid during the call.
class WatermarkOutput {
 public:
  virtual ~WatermarkOutput() = default;
  /// No later record has a timestamp ≤ `watermark`. A lower one than before is ignored. Ends
  /// idleness.
  virtual void emit_watermark(Timestamp watermark) = 0;
  /// No records are expected for now: event time does not wait for this split.
  virtual void mark_idle() = 0;
  virtual void mark_active() = 0;
};

/// Computes the watermark of one split from its records; see WatermarkStrategy::for_generator().
/// Thread: the subtask's. May throw, which fails the task.
template <class T>
class WatermarkGenerator {
 public:
  virtual ~WatermarkGenerator() = default;
  /// Called for each record. A punctuated generator emits watermarks here. They are sent after the
  /// batch with the record (weir.batch-size).
  virtual void on_event(const T& event, Timestamp timestamp, WatermarkOutput& output) = 0;
  /// Called every pipeline.auto-watermark-interval, also without records; if that is 0, after each
  /// batch. A periodic generator emits its watermark here.
  virtual void on_periodic_emit(WatermarkOutput& output) = 0;
};

}  // namespace weir
