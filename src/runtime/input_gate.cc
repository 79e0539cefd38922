#include "runtime/input_gate.h"

#include "base/bug_switch.h"
#include "weir/detail/base/check.h"

namespace weir {

InputGate::InputGate(std::vector<std::shared_ptr<ChannelReader>> channels, CheckpointingMode mode,
                     std::vector<int> inputs)
    : channels_(std::move(channels)),
      inputs_(std::move(inputs)),
      barriers_(static_cast<int>(channels_.size()), mode),
      valve_(static_cast<int>(channels_.size())),
      last_(channels_.size() - 1) {
  WEIR_CHECK(inputs_.empty() || inputs_.size() == channels_.size());
}

bool InputGate::next(StreamElement* element) {
  const size_t count = channels_.size();
  size_t fruitless = 0;
  while (fruitless < count) {
    last_ = last_ + 1 == count ? 0 : last_ + 1;
    if (is_blocked(last_) || !channels_[last_]->try_pop(element)) {
      ++fruitless;
      continue;
    }
    fruitless = 0;
    if (admit(element)) return true;
  }
  return false;
}

bool InputGate::is_blocked(size_t channel) const {
  if (bug_enabled(Bug::kSecondInputNotAligned) && !inputs_.empty() && inputs_[channel] == 1)
    return false;
  return barriers_.blocked(static_cast<int>(channel));
}

bool InputGate::admit(StreamElement* element) {
  const int channel = static_cast<int>(last_);
  switch (element->kind) {
    case StreamElement::Kind::kBatch:
      element->input = inputs_.empty() ? 0 : inputs_[last_];
      return true;
    case StreamElement::Kind::kWatermark: {
      const auto advanced = valve_.on_watermark(channel, element->value);
      if (!advanced) return false;
      element->value = *advanced;
      return true;
    }
    case StreamElement::Kind::kBarrier:
      return barriers_.on_barrier(channel, element->value) == BarrierAction::kSnapshot;
    case StreamElement::Kind::kEndOfData: return ++ended_ == static_cast<int>(channels_.size());
  }
  return false;
}

}  // namespace weir
