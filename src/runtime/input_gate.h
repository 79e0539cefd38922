#pragma once

#include <memory>
#include <vector>

#include "runtime/barrier_tracker.h"
#include "runtime/channel.h"
#include "runtime/watermark_valve.h"

namespace weir {

/// All input channels of one task, as one. Thread: the shard's. Reads from them in turn, skips
/// those that a barrier blocks, and merges the control elements: a watermark and a status are given
/// when the task's event time changes, a barrier when all channels have delivered it, the end when
/// all have ended. Event time is combined by a WatermarkValve for each input of the operator, and
/// over the inputs as over the parts of a CombinedTime.
class InputGate {
 public:
  /// `inputs`, by channel: which input of the operator its records are for. Empty: the first.
  InputGate(std::vector<std::shared_ptr<ChannelReader>> channels, CheckpointingMode mode,
            std::vector<int> inputs = {});

  /// Gets the next element for the task, or returns false if there is none now. A batch must be
  /// returned with recycle().
  bool next(StreamElement* element);
  void recycle(std::unique_ptr<Batch> batch) { channels_[last_]->recycle(std::move(batch)); }
  BarrierTracker& barriers() { return barriers_; }

 private:
  /// Whether a barrier blocks the channel.
  bool is_blocked(size_t channel) const;
  /// True if `element`, which came on channel `last_`, is for the task.
  bool admit(StreamElement* element);
  int input_of(size_t channel) const { return inputs_.empty() ? 0 : inputs_[channel]; }
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
  size_t last_;  ///< the channel of the last element
};

}  // namespace weir
