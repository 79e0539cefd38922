#pragma once

#include <vector>

#include "weir/detail/time/combined_time.h"

namespace weir {

/// The event time at one input of a task, from its channels: their minimum, without idle and ended
/// ones (CombinedTime). A channel that was idle does not hold the others back until its watermark
/// has caught up with theirs. Pure. Thread: the shard's. Invariant: the watermark never goes back.
class WatermarkValve {
 public:
  explicit WatermarkValve(int channels) : channels_(channels) {}

  /// Begins at this watermark instead of kMinWatermark.
  void begin_at(Timestamp watermark) { whole_.advance(watermark); }
  /// Both return the input's time. A watermark that goes back, or of an idle channel, is ignored.
  const EventTime& on_watermark(int channel, Timestamp watermark);
  const EventTime& on_status(int channel, bool idle);
  const EventTime& time() const { return whole_.time; }
  const detail::TimePart& part() const { return whole_; }
  const detail::TimePart& part_of(int channel) const {
    return channels_[static_cast<size_t>(channel)].part;
  }

 private:
  struct Channel {
    detail::TimePart part;
    bool caught_up = true;
  };
  void combine();

  std::vector<Channel> channels_;
  detail::TimePart whole_;
};

}  // namespace weir
