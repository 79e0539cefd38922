#include "runtime/in_flight_recorder.h"

#include <utility>

#include "base/bug_switch.h"
#include "base/strings.h"
#include "runtime/in_flight_format.h"
#include "weir/detail/base/check.h"

namespace weir {

InFlightRoute route_of(const JobEdge& edge) {
  switch (edge.partitioning) {
    case Partitioning::kHash: return InFlightRoute::kByKey;
    case Partitioning::kCustom: return InFlightRoute::kByPartitioner;
    case Partitioning::kBroadcast: return InFlightRoute::kCopied;
    case Partitioning::kForward:
    case Partitioning::kRebalance:
    case Partitioning::kRescale:
    case Partitioning::kShuffle:
    case Partitioning::kGlobal: break;
  }
  return InFlightRoute::kFixed;
}

Status check_can_overtake(const JobGraph& graph) {
  std::string problems;
  for (const JobEdge& edge : graph.edges) {
    if (edge.aligned_only || edge.codec != nullptr) continue;
    const JobVertex& sender = graph.vertices[static_cast<size_t>(edge.from)];
    const JobOperator& from = sender.chain[sender_of(sender, edge)];
    const JobOperator& to = graph.vertices[static_cast<size_t>(edge.to)].chain.front();
    problems += cat(problems.empty() ? "" : "; ", "'", from.name, "' (uid '", from.uid, "') and '",
                    to.name, "' (uid '", to.uid, "')");
  }
  if (problems.empty()) return {};
  return failed_precondition(
      cat("execution.checkpointing.unaligned.enabled is true, and records between these operators "
          "cannot be part of a checkpoint, because their type has no Serializer: ",
          problems, "; give the type WEIR_FIELDS or a UserSerializer, or set the key to false"));
}

InFlightRecorder::InFlightRecorder(std::vector<ChannelOrigin> channels, Place place)
    : channels_(std::move(channels)), place_(place), recorded_(channels_.size()) {
  for (const ChannelOrigin& channel : channels_) {
    const RecordCodec* const codec = channel.edge->codec.get();
    types_.push_back(codec != nullptr ? codec->type().to_string() : "");
  }
}

void InFlightRecorder::clear() {
  recorded_.assign(channels_.size(), {});
  any_ = false;
}

void InFlightRecorder::begin_channel(size_t channel, const detail::TimePart& time) {
  const ChannelOrigin& origin = channels_[channel];
  InFlightHead head;
  head.record_type = types_[channel];
  head.sender = origin.sender;
  head.output = origin.edge->output;
  head.receiver = place_.subtask;
  head.receivers = place_.parallelism;
  head.max_parallelism = place_.max_parallelism;
  head.channel = static_cast<int32_t>(channel);
  head.watermark = time.last;
  // An ended channel says so again after a restore. Until then it does not count, like an idle one.
  head.idle = time.time.idle || time.time.watermark == kMaxWatermark;
  BinaryWriter out;
  put_in_flight_head(out, head);
  recorded_[channel].head = out.take();
}

void InFlightRecorder::add(size_t channel, const StreamElement& element) {
  // An end is not stored: its sender sends it again after a restore. So does whoever sent a barrier
  // of a lost checkpoint, with another one.
  if (element.kind == StreamElement::Kind::kEndOfData ||
      element.kind == StreamElement::Kind::kBarrier)
    return;
  if (bug_enabled(Bug::kOvertakenWatermarkLost) && element.kind == StreamElement::Kind::kWatermark)
    return;
  const JobEdge& edge = *channels_[channel].edge;
  if (bug_enabled(Bug::kInFlightInputForgotten) && edge.input == 1) return;
  Recorded& recorded = recorded_[channel];
  if (recorded.entries.size() > kPartBytes) end_part(recorded);
  BinaryWriter out;
  put_in_flight_entry(out, element, edge.codec.get());
  recorded.last_entry = recorded.entries.size();
  recorded.entries += out.buffer();
  any_ = true;
}

void InFlightRecorder::end_part(Recorded& recorded) const {
  BinaryWriter part;
  part.put_bytes(cat(recorded.head, recorded.entries));  // as Serializer<bytes> does
  recorded.parts.push_back(part.take());
  recorded.entries.clear();
}

OperatorLists InFlightRecorder::take() {
  OperatorLists lists;
  for (size_t channel = 0; any_ && channel < recorded_.size(); ++channel) {
    Recorded& recorded = recorded_[channel];
    if (bug_enabled(Bug::kInFlightDropped)) recorded.entries.resize(recorded.last_entry);
    end_part(recorded);
    const JobEdge& edge = *channels_[channel].edge;
    ListStateContent& list = lists[in_flight_list_name(edge.input, route_of(edge))];
    list.mode = ListStateMode::kUnion;
    list.element.kind = TypeKind::kBytes;
    for (std::string& part : recorded.parts) list.elements.push_back(std::move(part));
  }
  clear();
  return lists;
}

}  // namespace weir
