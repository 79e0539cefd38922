#pragma once

#include <atomic>

#include "platform/clock.h"
#include "weir/metrics.h"
#include "weir/operator/batch.h"

namespace weir {

/// How a task has spent its time so far. The three sum up to the time since it began.
struct TimeShares {
  MonotonicTime idle{0};            ///< there was nothing to do
  MonotonicTime busy{0};            ///< it ran, or waited for its turn with work to do
  MonotonicTime back_pressured{0};  ///< its output had no room
};

/// Measures how a task spends its time. Thread: the shard's; shares(): any.
class TimeMeter {
 public:
  enum class State : uint8_t { kIdle, kBusy, kBackPressured };

  /// The time until `now` belongs to the state before.
  void enter(State state, MonotonicTime now);
  /// A reader on another thread may see the current state's time a step too early or too late.
  TimeShares shares(MonotonicTime now) const;

 private:
  std::atomic<State> state_{State::kIdle};
  detail::SharedNumber since_;  ///< 0: not begun
  detail::SharedNumber spent_[3];
};

/// The figures of one task that the engine itself keeps. Thread: changed by the shard's, read by
/// any.
struct TaskMetrics {
  Counter records_in;
  Counter records_out;  ///< once, however many edges the records leave on
  /// As serialized, by the average of a sample of records; nothing is serialized within a process.
  Counter bytes_in;
  Counter bytes_out;  ///< of all edges
  Counter batches_out;
  Gauge input_watermark{kMinWatermark};
  Gauge output_watermark{kMinWatermark};
  TimeMeter time;
};

}  // namespace weir
