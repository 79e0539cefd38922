#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "runtime/barrier_tracker.h"
#include "runtime/channel.h"
#include "runtime/in_flight_recorder.h"
#include "runtime/in_flight_restore.h"
#include "runtime/watermark_valve.h"

namespace weir {

/// All input channels of one task, as one. Thread: the shard's. Reads from them in turn, skips
/// those that a barrier blocks, and merges the control elements: a watermark and a status are given
/// when the task's event time changes, a barrier when all channels have delivered it or when it
/// overtakes, the end when all have ended. Event time is combined by a WatermarkValve for each
/// input of the operator, and over the inputs as over the parts of a CombinedTime.
///
/// After a restore, elements that were in flight come before those of the channels.
class InputGate {
 public:
  /// `inputs`, by channel: which input of the operator its records are for. Empty: the first.
  InputGate(std::vector<std::shared_ptr<ChannelReader>> channels, CheckpointingMode mode,
            std::vector<int> inputs = {}, std::vector<bool> aligned_only = {});

  /// Gets the next element for the task, or returns false if there is none now. A batch must be
  /// returned with recycle().
  bool next(StreamElement* element);
  void recycle(std::unique_ptr<Batch> batch);
  BarrierTracker& barriers() { return barriers_; }
  /// The fill of all channels. Thread: any.
  QueueFill fill() const;

  /// Lets barriers overtake: see BarrierTracker::overtake(). Call it before the first element.
  /// `limit`: at most about this number of elements are pulled out of a channel.
  void record_with(std::unique_ptr<InFlightRecorder> recorder, size_t limit);
  /// The same as next(), but only for a barrier that overtakes.
  bool next_overtaking(StreamElement* element);
  /// True if next_overtaking() would give one.
  bool overtakes() const {
    return recorder_ != nullptr && replay_ == nullptr && barriers_.overtaking() != 0;
  }
  /// Takes elements in front of missing barriers out of the channels. Call it before next().
  void pull();
  /// The elements that the barrier `id` has overtaken. Nothing: some barriers are missing.
  std::optional<OperatorLists> take_recorded(CheckpointId id);

  /// Gives these elements first. Call it before the first element.
  void replay(std::vector<RestoredChannel> channels);

 private:
  /// Whether a barrier blocks the channel.
  bool is_blocked(size_t channel) const;
  bool try_pop(size_t channel, StreamElement* element);
  bool next_replayed(StreamElement* element);
  void pull(size_t channel);
  void begin_recording();
  /// True if `element`, which came on channel `last_`, is for the task.
  bool admit(StreamElement* element);
  int input_of(size_t channel) const { return inputs_.empty() ? 0 : inputs_[channel]; }
  void begin_time(const std::vector<RestoredChannel>& channels);
  void combine_inputs();
  /// The next element that brings the task its event time; false: it has it.
  bool deliver_time(StreamElement* element);

  std::vector<std::shared_ptr<ChannelReader>> channels_;
  const std::vector<int> inputs_;
  BarrierTracker barriers_;
  std::vector<int> number_in_input_;    ///< by channel: its number in its input's valve
  std::vector<WatermarkValve> valves_;  ///< by input
  EventTime time_;                      ///< over all inputs
  EventTime delivered_;                 ///< what the task has got of it
  int ended_ = 0;
  size_t last_;                        ///< the channel of the last element
  std::unique_ptr<InputGate> replay_;  ///< gives the elements of a restore; null: none is left
  // Only if barriers may overtake.
  std::unique_ptr<InFlightRecorder> recorder_;
  size_t limit_ = 0;
  std::vector<std::deque<StreamElement>> pulled_;  ///< by channel: they precede those in it
};

}  // namespace weir
