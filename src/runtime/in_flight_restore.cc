#include "runtime/in_flight_restore.h"

#include <algorithm>

#include "base/bug_switch.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "runtime/in_flight_recorder.h"

namespace weir {

InFlightRestore::InFlightRestore(const JobGraph& graph, int vertex, int subtask)
    : graph_(graph),
      vertex_(graph.vertices[static_cast<size_t>(vertex)]),
      vertex_index_(vertex),
      subtask_(subtask) {}

Status InFlightRestore::take_from(size_t op, OperatorLists& lists) {
  inner_of_this_op_ = 0;
  for (auto list = lists.begin(); list != lists.end();) {
    const auto in_flight = in_flight_list(list->first);
    if (!in_flight) {
      ++list;
      continue;
    }
    for (const std::string& element : list->second.elements)
      WEIR_RETURN_IF_ERROR(read(op, *in_flight, element));
    list = lists.erase(list);
  }
  return {};
}

Status InFlightRestore::read(size_t op, const InFlightList& list, std::string_view element) {
  BinaryReader outer(element);
  const std::string_view bytes = outer.get_bytes();
  WEIR_RETURN_IF_ERROR(outer.end("records in flight"));
  BinaryReader in(bytes);
  const InFlightHead head = get_in_flight_head(in);
  WEIR_RETURN_IF_ERROR(in.status("the head of records in flight"));
  if (op == 0) channel_of(list, head);
  if (in.remaining() == 0) return {};
  WEIR_ASSIGN_OR_RETURN(const Target target, target_of(op, list, head));
  while (in.remaining() > 0) {
    StreamElement next;
    WEIR_RETURN_IF_ERROR(get_in_flight_entry(in, *target.codec, &next));
    if (next.kind == StreamElement::Kind::kBatch) {
      WEIR_ASSIGN_OR_RETURN(next.batch, own_part(list, head, target, std::move(next.batch)));
      if (next.batch == nullptr) continue;
    }
    // The channel's end is not stored, see InFlightRecorder; until it comes again, the channel does
    // not count.
    if (next.kind == StreamElement::Kind::kWatermark && next.value == kMaxWatermark)
      next = {StreamElement::Kind::kWatermarkStatus, 1, nullptr};
    if (op == 0) {
      RestoredChannel& channel = channel_of(list, head);
      if (bug_enabled(Bug::kInFlightTwice) && channel.elements.empty() && next.batch)
        channel.elements.push_back({next.kind, next.value, next.batch->copy()});
      channel.elements.push_back(std::move(next));
    } else if (next.batch) {
      // Before those of earlier operators, behind those of this one.
      inner_.emplace(inner_.begin() + static_cast<std::ptrdiff_t>(inner_of_this_op_++), op,
                     std::move(next.batch));
    }
  }
  return {};
}

RestoredChannel& InFlightRestore::channel_of(const InFlightList& list, const InFlightHead& head) {
  const auto [at, fresh] = channels_.try_emplace({list.input, head.receiver, head.channel});
  if (fresh) {
    at->second.input = list.input;
    at->second.watermark = head.watermark;
    at->second.idle = head.idle;
  }
  return at->second;
}

std::string InFlightRestore::name_of(size_t op) const {
  const JobOperator& to = vertex_.chain[op];
  return cat("operator '", to.name, "' (uid '", to.uid, "')");
}

StatusOr<InFlightRestore::Target> InFlightRestore::target_of(size_t op, const InFlightList& list,
                                                             const InFlightHead& head) const {
  constexpr const char* kRemedy =
      "; take a savepoint with the program that wrote the checkpoint, which has no records in "
      "flight, and start this one from it";
  Target target;
  if (op > 0) {
    if (list.route == InFlightRoute::kFixed && list.input == 0)
      target.codec = vertex_.chain[op].codec.get();
  } else {
    const auto fits = [&](const JobEdge& edge) {
      if (edge.to != vertex_index_ || edge.input != list.input || edge.codec == nullptr) return 0;
      if (route_of(edge) != list.route) return 0;
      const JobVertex& from = graph_.vertices[static_cast<size_t>(edge.from)];
      const bool same = from.chain[sender_of(from, edge)].id == head.sender;
      return same && edge.output == head.output ? 2 : 1;
    };
    int best = 0;
    for (const JobEdge& edge : graph_.edges) {
      if (fits(edge) <= best) continue;
      best = fits(edge);
      target = {edge.codec.get(), &edge};
    }
  }
  if (target.codec == nullptr) {
    return failed_precondition(
        cat("the checkpoint has records in flight to input ", list.input, " of ", name_of(op),
            ", which gets its records in another way now, so it is unknown which subtask they "
            "belong to",
            kRemedy));
  }
  const std::string type = target.codec->type().to_string();
  if (type == head.record_type) return target;
  return failed_precondition(cat("the checkpoint has records in flight to ", name_of(op),
                                 " of the type ", head.record_type, ", which is now ", type,
                                 kRemedy));
}

/// Null if no record is this subtask's.
StatusOr<std::unique_ptr<Batch>> InFlightRestore::own_part(const InFlightList& list,
                                                           const InFlightHead& head,
                                                           const Target& target,
                                                           std::unique_ptr<Batch> batch) {
  const size_t count = batch->size();
  which_.assign(count, 1);
  if (list.route == InFlightRoute::kByKey) {
    auto& hasher = hashers_[index_of(*target.edge)];
    if (hasher == nullptr) hasher = target.edge->hasher->copy();
    hasher->hash(*batch);
    const int max = vertex_.max_parallelism;
    const KeyGroupRange own = key_groups_of_subtask(subtask_, vertex_.parallelism, max);
    for (size_t i = 0; i < count && !bug_enabled(Bug::kInFlightOfWrongKeyGroup); ++i)
      which_[i] = own.contains(key_group_of(batch->key_hashes[i], max)) ? 1 : 0;
  } else if (list.route == InFlightRoute::kByPartitioner && head.receivers != vertex_.parallelism) {
    auto& partitioner = partitioners_[index_of(*target.edge)];
    if (partitioner == nullptr) partitioner = target.edge->partitioner->copy();
    WEIR_RETURN_IF_ERROR(
        partitioner->choose(*batch, vertex_.parallelism, &which_).with_context(name_of(0)));
    for (uint16_t& to : which_) to = to == static_cast<uint16_t>(subtask_) ? 1 : 0;
  }
  const auto kept = std::count(which_.begin(), which_.end(), 1);
  if (kept == 0) return std::unique_ptr<Batch>();
  if (static_cast<size_t>(kept) == count) return batch;
  const std::unique_ptr<Batch> others = batch->make_empty();
  std::unique_ptr<Batch> own = batch->make_empty();
  Batch* const targets[] = {others.get(), own.get()};
  batch->scatter(which_.data(), targets);
  return own;
}

RestoredInFlight InFlightRestore::take() {
  RestoredInFlight result;
  result.inner = std::move(inner_);
  const bool any = std::any_of(channels_.begin(), channels_.end(),
                               [](const auto& entry) { return !entry.second.elements.empty(); });
  if (!any) return result;
  int inputs = 0;
  for (const JobEdge& edge : graph_.edges) {
    if (edge.to == vertex_index_) inputs = std::max(inputs, edge.input + 1);
  }
  std::vector<bool> has_channel(static_cast<size_t>(inputs), false);
  for (auto& [key, channel] : channels_) {
    if (channel.input < inputs) has_channel[static_cast<size_t>(channel.input)] = true;
    result.channels.push_back(std::move(channel));
  }
  // An input about which nothing is known holds event time back.
  for (int input = 0; input < inputs; ++input) {
    if (!has_channel[static_cast<size_t>(input)])
      result.channels.push_back({input, kMinWatermark, false, {}});
  }
  return result;
}

}  // namespace weir
