#include "runtime/watermark_valve.h"

#include <algorithm>

namespace weir {

std::optional<Timestamp> WatermarkValve::on_watermark(int channel, Timestamp watermark) {
  if (watermark <= by_channel_[channel]) return std::nullopt;
  by_channel_[channel] = watermark;
  const Timestamp least = *std::min_element(by_channel_.begin(), by_channel_.end());
  if (least <= current_) return std::nullopt;
  current_ = least;
  return least;
}

}  // namespace weir
