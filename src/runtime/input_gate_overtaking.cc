// The part of an input gate that lets barriers overtake, and gives back what they have overtaken
// after a restore.

#include "runtime/input_gate.h"

namespace weir {
namespace {

/// A channel whose elements are all here.
class RestoredReader final : public ChannelReader {
 public:
  explicit RestoredReader(std::vector<StreamElement> elements) : elements_(std::move(elements)) {}
  bool try_pop(StreamElement* element) override {
    if (next_ == elements_.size()) return false;
    *element = std::move(elements_[next_++]);
    return true;
  }
  void recycle(std::unique_ptr<Batch>) override {}
  QueueFill fill() const override { return {}; }

 private:
  std::vector<StreamElement> elements_;
  size_t next_ = 0;
};

}  // namespace

void InputGate::record_with(std::unique_ptr<InFlightRecorder> recorder, size_t limit) {
  recorder_ = std::move(recorder);
  limit_ = limit;
  pulled_.resize(channels_.size());
}

bool InputGate::next_overtaking(StreamElement* element) {
  if (!overtakes()) return false;
  element->kind = StreamElement::Kind::kBarrier;
  element->value = barriers_.overtaking();
  element->batch = nullptr;
  begin_recording();
  return true;
}

void InputGate::begin_recording() {
  barriers_.take_overtaking();
  recorder_->clear();
  for (size_t channel = 0; channel < channels_.size(); ++channel) {
    const WatermarkValve& valve = valves_[static_cast<size_t>(input_of(channel))];
    recorder_->begin_channel(channel, valve.part_of(number_in_input_[channel]));
    for (const StreamElement& element : pulled_[channel]) recorder_->add(channel, element);
  }
}

void InputGate::pull() {
  if (recorder_ == nullptr || replay_ != nullptr || barriers_.pulled_for() == 0) return;
  for (size_t channel = 0; channel < channels_.size(); ++channel) pull(channel);
}

void InputGate::pull(size_t channel) {
  std::deque<StreamElement>& pulled = pulled_[channel];
  const auto number = static_cast<int>(channel);
  while (barriers_.pulls(number) && pulled.size() < limit_) {
    // An element behind the barrier of another checkpoint is not in front of this one's.
    if (!pulled.empty() && pulled.back().kind == StreamElement::Kind::kBarrier) return;
    StreamElement element;
    if (!channels_[channel]->try_pop(&element)) return;
    if (element.kind == StreamElement::Kind::kBarrier && element.value == barriers_.pulled_for()) {
      barriers_.on_barrier(number, element.value);
      continue;
    }
    if (element.kind == StreamElement::Kind::kBarrier && barriers_.drops(element.value)) continue;
    if (barriers_.missing(number)) recorder_->add(channel, element);
    pulled.push_back(std::move(element));
  }
}

std::optional<OperatorLists> InputGate::take_recorded(CheckpointId id) {
  if (barriers_.recording() != id || !barriers_.recorded()) return std::nullopt;
  barriers_.end_recording();
  return recorder_->take();
}

void InputGate::replay(std::vector<RestoredChannel> channels) {
  if (channels.empty()) return;
  std::vector<std::shared_ptr<ChannelReader>> readers;
  std::vector<int> inputs;
  for (RestoredChannel& channel : channels) {
    readers.push_back(std::make_shared<RestoredReader>(std::move(channel.elements)));
    inputs.push_back(channel.input);
  }
  replay_ = std::make_unique<InputGate>(std::move(readers), CheckpointingMode::kExactlyOnce,
                                        std::move(inputs));
  replay_->begin_time(channels);
}

void InputGate::begin_time(const std::vector<RestoredChannel>& channels) {
  for (size_t i = 0; i < channels.size(); ++i) {
    WatermarkValve& valve = valves_[static_cast<size_t>(input_of(i))];
    valve.on_watermark(number_in_input_[i], channels[i].watermark);
    if (channels[i].idle) valve.on_status(number_in_input_[i], true);
  }
  combine_inputs();
}

bool InputGate::next_replayed(StreamElement* element) {
  if (replay_->next(element)) return true;
  // Event time goes on from where it is. The senders say anew whether they are idle.
  delivered_ = replay_->delivered_;
  time_ = {delivered_.watermark, false};
  for (WatermarkValve& valve : valves_) valve.begin_at(time_.watermark);
  replay_.reset();
  return false;
}

}  // namespace weir
