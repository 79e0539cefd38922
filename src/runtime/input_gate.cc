#include "runtime/input_gate.h"

#include <algorithm>

#include "base/bug_switch.h"
#include "weir/detail/base/check.h"

namespace weir {
InputGate::InputGate(std::vector<std::shared_ptr<ChannelReader>> channels, CheckpointingMode mode,
                     std::vector<int> inputs, std::vector<bool> aligned_only)
    : channels_(std::move(channels)),
      inputs_(std::move(inputs)),
      barriers_(static_cast<int>(channels_.size()), mode, std::move(aligned_only)),
      last_(channels_.size() - 1) {
  WEIR_CHECK(inputs_.empty() || inputs_.size() == channels_.size());
  std::vector<int> channels_of;  // by input
  for (size_t channel = 0; channel < channels_.size(); ++channel) {
    const auto input = static_cast<size_t>(input_of(channel));
    channels_of.resize(std::max(channels_of.size(), input + 1));
    number_in_input_.push_back(channels_of[input]++);
  }
  for (const int count : channels_of) valves_.emplace_back(count);
}

bool InputGate::next(StreamElement* element) {
  if (replay_ != nullptr && next_replayed(element)) return true;
  if (deliver_time(element) || next_overtaking(element)) return true;
  const size_t count = channels_.size();
  size_t fruitless = 0;
  while (fruitless < count) {
    last_ = last_ + 1 == count ? 0 : last_ + 1;
    if (!try_pop(last_, element)) {
      ++fruitless;
      continue;
    }
    fruitless = 0;
    if (admit(element)) return true;
  }
  return next_overtaking(element);  // the last barrier that it had to wait for may have come
}

bool InputGate::try_pop(size_t channel, StreamElement* element) {
  if (recorder_ != nullptr) {
    std::deque<StreamElement>& pulled = pulled_[channel];
    if (!pulled.empty()) {
      *element = std::move(pulled.front());
      pulled.pop_front();
      return true;
    }
    if (barriers_.pulls(static_cast<int>(channel))) return false;  // pull() must see it first
  }
  return !is_blocked(channel) && channels_[channel]->try_pop(element);
}

void InputGate::recycle(std::unique_ptr<Batch> batch) {
  if (replay_ == nullptr) channels_[last_]->recycle(std::move(batch));
}

QueueFill InputGate::fill() const {
  QueueFill sum;
  for (const auto& channel : channels_) {
    const QueueFill fill = channel->fill();
    sum.queued += fill.queued;
    sum.capacity += fill.capacity;
  }
  return sum;
}

bool InputGate::is_blocked(size_t channel) const {
  if (bug_enabled(Bug::kSecondInputNotAligned) && !inputs_.empty() && inputs_[channel] == 1)
    return false;
  return barriers_.blocked(static_cast<int>(channel));
}

bool InputGate::admit(StreamElement* element) {
  const int channel = static_cast<int>(last_);
  switch (element->kind) {
    case StreamElement::Kind::kBatch: element->input = input_of(last_); return true;
    case StreamElement::Kind::kWatermark:
    case StreamElement::Kind::kWatermarkStatus: {
      WatermarkValve& valve = valves_[static_cast<size_t>(input_of(last_))];
      const int number = number_in_input_[last_];
      if (element->kind == StreamElement::Kind::kWatermark) {
        valve.on_watermark(number, element->value);
      } else {
        valve.on_status(number, element->value != 0);
      }
      combine_inputs();
      return deliver_time(element);
    }
    case StreamElement::Kind::kBarrier:
      return barriers_.on_barrier(channel, element->value) == BarrierAction::kSnapshot;
    case StreamElement::Kind::kEndOfData: return ++ended_ == static_cast<int>(channels_.size());
  }
  return false;
}

void InputGate::combine_inputs() {
  if (valves_.size() == 1) {
    time_ = valves_[0].time();
    return;
  }
  detail::CombinedTime combined;
  for (const WatermarkValve& valve : valves_) combined.add(valve.part());
  time_ = combined.after(time_);
}

bool InputGate::deliver_time(StreamElement* element) {
  if (time_ == delivered_) return false;
  element->batch = nullptr;
  // A watermark is never given while idle: the status precedes it, or follows.
  if (delivered_.idle && !time_.idle) {
    delivered_.idle = false;
    element->kind = StreamElement::Kind::kWatermarkStatus;
    element->value = 0;
  } else if (time_.watermark != delivered_.watermark) {
    delivered_.watermark = time_.watermark;
    element->kind = StreamElement::Kind::kWatermark;
    element->value = delivered_.watermark;
  } else {
    delivered_.idle = true;
    element->kind = StreamElement::Kind::kWatermarkStatus;
    element->value = 1;
  }
  return true;
}

}  // namespace weir
