#include "runtime/watermark_valve.h"

#include "base/bug_switch.h"

namespace weir {

const EventTime& WatermarkValve::on_watermark(int channel, Timestamp watermark) {
  Channel& from = channels_[static_cast<size_t>(channel)];
  if (from.part.time.idle || watermark <= from.part.time.watermark) return time();
  from.part.advance(watermark);
  from.caught_up = from.caught_up || watermark >= time().watermark;
  combine();
  return time();
}

const EventTime& WatermarkValve::on_status(int channel, bool idle) {
  Channel& from = channels_[static_cast<size_t>(channel)];
  if (from.part.time.idle == idle || bug_enabled(Bug::kIdleChannelHoldsBack)) return time();
  from.part.time.idle = idle;
  if (idle) {
    combine();
  } else {
    whole_.time.idle = false;
    from.caught_up = from.part.time.watermark >= time().watermark;
    if (bug_enabled(Bug::kActiveChannelTurnsBack)) whole_.advance(from.part.time.watermark);
  }
  return time();
}

void WatermarkValve::combine() {
  detail::CombinedTime combined;
  for (const Channel& channel : channels_) combined.add(channel.part, channel.caught_up);
  const EventTime now = combined.after(time());
  whole_.advance(now.watermark);
  whole_.time.idle = now.idle;
}

}  // namespace weir
