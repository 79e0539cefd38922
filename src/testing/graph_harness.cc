#include "weir/testing/graph_harness.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "checkpoint/enumerator_state.h"
#include "fs/real_registry.h"
#include "graph/build_job_graph.h"
#include "testing/graph_node.h"
#include "testing/operator_harness.h"
#include "testing/stored_checkpoint.h"
#include "weir/detail/base/check.h"
#include "weir/detail/time/combined_time.h"
#include "weir/operator/event_time_operator.h"

namespace weir {

struct TestSnapshot::State {
  int64_t checkpoint_id = 0;
  std::map<std::string, std::vector<HarnessSnapshot>> by_uid;
  std::map<std::string, EnumeratorState> enumerators;  ///< by uid
  /// The state is in a real checkpoint instead.
  std::shared_ptr<const StoredCheckpoint> stored = nullptr;
  /// Which operator of the part gets the state of which one. Empty: all, by their uids.
  std::string into_uid = {};
  std::string stored_uid = {};
};

namespace detail {

struct GraphHarness::Impl {
  Impl(const StreamGraph& graph, TestOptions given) : options(given) {
    for (const std::string& problem : graph.problems) fail(invalid_argument(problem));
    std::map<std::string, int> of_name;
    for (const StreamNode& from : graph.nodes) {
      Node node;
      node.name = from.name;
      const int n = ++of_name[from.name];
      node.uid = from.uid.empty() ? generated_uid(from.name, n) : from.uid;
      fixed.push_back(from.parallelism);
      node.max_parallelism = from.max_parallelism.value_or(options.max_parallelism);
      if (from.factory) node.factory = [make = from.factory] { return make(OperatorSettings{}); };
      node.make_enumerator = from.make_enumerator;
      node.is_source = from.inputs.empty() && from.factory != nullptr;
      node.makes_event_time = from.makes_event_time;
      node.side_outputs = from.side_outputs;
      for (const StreamInput& input : from.inputs) {
        node.inputs.push_back(static_cast<size_t>(input.from));
        nodes[node.inputs.back()].consumers.push_back(
            {nodes.size(), input.partitioning, input.hasher ? input.hasher->copy() : nullptr,
             input.partitioner ? input.partitioner->copy() : nullptr, input.output, input.input});
      }
      nodes.push_back(std::move(node));
    }
  }

  static Status side_output_of_another_type(const std::string& name) {
    return invalid_argument(cat("side output '", name,
                                "' has records of another type; use the same OutputTag for all"));
  }

  void fail(Status problem) {
    if (status.ok() && !problem.ok()) status = std::move(problem);
  }

  void start(const TestSnapshot::State* snapshot, int parallelism) {
    for (Node& node : nodes) {
      node.subtasks.clear();
      node.side_routes.clear();
      node.watermark = kMinWatermark;
    }
    options.parallelism = parallelism;
    for (size_t i = 0; i < nodes.size() && status.ok(); ++i) {
      Node& node = nodes[i];
      node.parallelism = node.factory ? fixed[i].value_or(parallelism) : 1;
      node.restored.clear();
      if (snapshot != nullptr && snapshot->stored != nullptr) {
        if (node.factory && node.name != kTestOutput) take_stored(node, *snapshot);
      } else if (const auto found = snapshot == nullptr ? nullptr : find(*snapshot, node.uid)) {
        node.restored = redistribute(*found, node.parallelism, node.max_parallelism);
      }
      if (node.factory && status.ok()) start(i, snapshot);
    }
  }
  void take_stored(Node& node, const TestSnapshot::State& snapshot) {
    const StoredCheckpoint& stored = *snapshot.stored;
    if (!snapshot.into_uid.empty() && snapshot.into_uid != node.uid) return;
    const std::string& uid = snapshot.into_uid.empty() ? node.uid : snapshot.stored_uid;
    if (!stored.has(uid)) return;
    node.max_parallelism = stored.max_parallelism(uid, node.max_parallelism);
    auto parts = stored.parts(uid, node.parallelism, node.max_parallelism);
    if (parts.ok()) node.restored = *std::move(parts);
    else fail(parts.status());
  }
  static const std::vector<HarnessSnapshot>* find(const TestSnapshot::State& snapshot,
                                                  const std::string& uid) {
    const auto found = snapshot.by_uid.find(uid);
    return found == snapshot.by_uid.end() ? nullptr : &found->second;
  }

  void start(size_t at, const TestSnapshot::State* snapshot) {
    Node& node = nodes[at];
    for (int subtask = 0; subtask < node.parallelism; ++subtask) {
      HarnessOptions how;
      how.subtask = subtask;
      how.parallelism = node.parallelism;
      how.max_parallelism = node.max_parallelism;
      how.operator_name = node.name;
      how.attempt_nonce = ++attempts;
      how.files = &files;
      const auto emit = [this, at, subtask](Batch& batch) { route(at, subtask, 0, batch); };
      node.subtasks.push_back(std::make_unique<OperatorHarness>(
          node.factory(), std::function<void(Batch&)>(emit), std::move(how)));
      OperatorHarness& harness = *node.subtasks.back();
      harness.set_processing_time(now_ms);
      harness.set_side_outputs([this, at, subtask](const std::string& name, std::type_index type) {
        return side_output(at, subtask, name, type);
      });
      const auto* from =
          node.restored.empty() ? nullptr : &node.restored[static_cast<size_t>(subtask)];
      fail(harness.open(from).with_context(cat("operator '", node.name, "'")));
    }
    node.at_end.assign(static_cast<size_t>(node.parallelism), false);
    if (node.is_source && status.ok()) start_enumerator(node, snapshot);
    look_for_failures();
  }

  /// Discovers the splits of a source. If they are all known now, deals them.
  void start_enumerator(Node& node, const TestSnapshot::State* snapshot) {
    node.enumerator = node.make_enumerator(node.parallelism);
    node.found = {};
    if (const bool dealt_before = !node.restored.empty(); dealt_before) {
      if (!node.enumerator->continuous()) return node.enumerator.reset();
      node.found = snapshot->enumerators.at(node.uid);
      return fail(node.enumerator->restore(node.found.state));
    }
    discover(node);
    if (!status.ok() || node.enumerator->continuous()) return;
    const std::vector<std::string>& splits = node.found.unassigned;
    std::vector<std::vector<std::string>> dealt(node.subtasks.size());
    for (size_t i = 0; i < splits.size(); ++i) dealt[i % dealt.size()].push_back(splits[i]);
    for (size_t i = 0; i < dealt.size(); ++i)
      static_cast<SourceOperator&>(node.subtasks[i]->op()).add_splits(std::move(dealt[i]));
    node.enumerator.reset();
  }
  void discover(Node& node) {
    auto discovery = node.enumerator->discover(files);
    if (!discovery.ok()) return fail(discovery.status());
    for (std::string& split : discovery->splits) node.found.unassigned.push_back(std::move(split));
    node.found.state = node.enumerator->snapshot();
    node.found.all_found = !discovery->again;
  }
  /// A subtask of a source has read its splits. Returns false if it has reached its end.
  bool assign(Node& node, OperatorHarness& subtask) {
    std::vector<std::string>& unassigned = node.found.unassigned;
    if (node.enumerator == nullptr) return false;
    if (unassigned.empty()) return !node.found.all_found;
    static_cast<SourceOperator&>(subtask.op()).add_splits({std::move(unassigned.front())});
    unassigned.erase(unassigned.begin());
    return true;
  }

  /// Records of a side output that nobody in the piece reads are kept for the test.
  StatusOr<Output*> side_output(size_t at, int subtask, const std::string& name,
                                std::type_index type) {
    Node& node = nodes[at];
    std::function<void(Batch&)> emit;
    for (size_t i = 0; i < node.side_outputs.size() && !emit; ++i) {
      if (node.side_outputs[i].name != name) continue;
      if (node.side_outputs[i].type != type) return side_output_of_another_type(name);
      emit = [this, at, subtask, i](Batch& batch) {
        route(at, subtask, static_cast<int>(i) + 1, batch);
      };
    }
    if (!emit) {
      Unread& kept = unread.try_emplace(name, Unread{type, {}}).first->second;
      if (kept.type != type) return side_output_of_another_type(name);
      emit = [&kept](Batch& batch) {
        kept.batches.push_back(batch.make_empty());
        kept.batches.back()->swap(batch);
      };
    }
    node.side_routes.push_back(std::make_unique<SideRoute>(std::move(emit)));
    return node.side_routes.back().get();
  }

  void route(size_t at, int subtask, int output, Batch& batch) {
    Node& node = nodes[at];
    for (Edge& edge : node.consumers) {
      if (edge.output != output) continue;
      const auto copy = batch.copy();
      copy->key_hashes.clear();
      send(edge, node.parallelism, subtask, *copy);
    }
    batch.clear();
  }
  void send(Edge& edge, int senders, int subtask, Batch& batch) {
    Node& to = nodes[edge.to];
    const size_t receivers = to.subtasks.size();
    switch (edge.partitioning) {
      case Partitioning::kForward:
        if (to.parallelism == senders) return process(edge, static_cast<size_t>(subtask), batch);
        [[fallthrough]];
      case Partitioning::kRebalance:
      case Partitioning::kRescale: return process(edge, edge.turn++ % receivers, batch);
      case Partitioning::kGlobal: return process(edge, 0, batch);
      case Partitioning::kBroadcast:
        for (size_t i = 0; i < receivers; ++i) process(edge, i, *batch.copy());
        return;
      default: break;
    }
    std::vector<std::unique_ptr<Batch>> parts;
    std::vector<Batch*> targets;
    for (size_t i = 0; i < receivers; ++i) {
      parts.push_back(batch.make_empty());
      targets.push_back(parts.back().get());
    }
    std::vector<uint16_t> which(batch.size());
    choose(edge, to, batch, &which);
    if (!status.ok()) return;
    batch.scatter(which.data(), targets.data());
    for (size_t i = 0; i < receivers; ++i) process(edge, i, *parts[i]);
  }
  /// Sets the receiving subtask of each record.
  void choose(Edge& edge, const Node& to, Batch& batch, std::vector<uint16_t>* which) {
    if (edge.partitioning == Partitioning::kCustom)
      return fail(edge.partitioner->choose(batch, to.parallelism, which));
    if (edge.partitioning == Partitioning::kHash) edge.hasher->hash(batch);
    for (size_t i = 0; i < which->size(); ++i) {
      (*which)[i] = static_cast<uint16_t>(
          edge.partitioning == Partitioning::kShuffle
              ? edge.turn++ % to.subtasks.size()
              : subtask_of_key_group(key_group_of(batch.key_hashes[i], to.max_parallelism),
                                     to.parallelism, to.max_parallelism));
    }
  }
  void process(const Edge& edge, size_t receiver, Batch& batch) {
    if (batch.empty() || !status.ok()) return;
    OperatorHarness& subtask = *nodes[edge.to].subtasks[receiver];
    if (!subtask.can_accept())
      return fail(failed_precondition("an operator takes no records and waits for nothing"));
    subtask.process(batch, edge.input);
    look_for_failures();
  }

  /// Gives each operator the least watermark of its inputs, or its own.
  void advance_watermarks() {
    for (Node& node : nodes) {
      if (node.inputs.empty()) continue;
      Timestamp least = kMaxWatermark;
      for (const size_t from : node.inputs) least = std::min(least, nodes[from].watermark);
      if (node.makes_event_time && least != kMaxWatermark) least = own_watermark(node, least);
      if (least <= node.watermark) continue;
      node.watermark = least;
      for_each(node, [&](OperatorHarness& subtask) { subtask.watermark_to_the_end(least); });
    }
  }
  static Timestamp own_watermark(const Node& node, Timestamp of_input) {
    CombinedTime combined;
    for (const auto& subtask : node.subtasks) {
      auto& op = static_cast<EventTimeOperator&>(subtask->op());
      op.input_time({of_input, false});
      const EventTime time = op.event_time();
      combined.add({time, time.watermark});
    }
    return combined.after({node.watermark, false}).watermark;
  }

  /// Calls `f` for every subtask, in the direction in which records flow.
  template <class F>
  void for_each(F&& f) {
    for (Node& node : nodes) for_each(node, [&](OperatorHarness& subtask) { f(node, subtask); });
  }
  template <class F>
  void for_each(Node& node, F&& f) {
    for (const auto& subtask : node.subtasks) {
      if (!status.ok()) return;
      f(*subtask);
      look_for_failures();
    }
  }
  void look_for_failures() {
    for (const Node& node : nodes) {
      for (const auto& subtask : node.subtasks)
        fail(subtask->failure().ok()
                 ? Status()
                 : subtask->failure().with_context(cat("operator '", node.name, "'")));
    }
  }

  TestOptions options;
  std::vector<std::optional<int>> fixed;  ///< parallelisms that the piece sets
  RealFileSystems files{{}};
  std::vector<Node> nodes;
  Status status;
  struct Unread {
    std::type_index type;
    std::vector<std::unique_ptr<Batch>> batches;
  };
  std::map<std::string, Unread> unread;  ///< side outputs, by name
  uint64_t attempts = 0;
  int64_t checkpoint_id = 0;
  int64_t now_ms = 0;
};

GraphHarness::GraphHarness(std::shared_ptr<StreamGraph> graph, TestOptions options)
    : impl_(std::make_unique<Impl>(*graph, options)) {
  impl_->start(nullptr, options.parallelism);
}
GraphHarness::~GraphHarness() = default;

void GraphHarness::send(Batch& batch, size_t input) {
  if (!impl_->status.ok()) return;
  impl_->route(input, 0, 0, batch);
  impl_->advance_watermarks();
}

bool GraphHarness::poll() {
  bool more = false;
  for (Node& node : impl_->nodes) {
    const bool wanted = node.enumerator != nullptr && node.found.unassigned.empty();
    if (wanted && !node.found.all_found && impl_->status.ok()) impl_->discover(node);
  }
  impl_->for_each([&](Node& node, OperatorHarness& subtask) {
    if (!node.is_source) return;
    const size_t i = static_cast<size_t>(subtask.subtask_index());
    if (node.at_end[i]) return;
    EventTime time;
    node.at_end[i] =
        subtask.poll(&time).status == PollResult::Status::kEnd && !impl_->assign(node, subtask);
    more = more || !node.at_end[i];
  });
  impl_->advance_watermarks();
  return more && impl_->status.ok();
}

void GraphHarness::advance_watermark(Timestamp watermark, size_t input) {
  impl_->nodes[input].watermark = std::max(impl_->nodes[input].watermark, watermark);
  impl_->advance_watermarks();
}

std::vector<std::unique_ptr<Batch>> GraphHarness::take_side_output(const std::string& name,
                                                                   std::type_index type) {
  const auto found = impl_->unread.find(name);
  if (found == impl_->unread.end()) return {};
  if (found->second.type != type) {
    impl_->fail(Impl::side_output_of_another_type(name));
    return {};
  }
  return std::exchange(found->second.batches, {});
}

void GraphHarness::advance_processing_time(int64_t now_ms) {
  impl_->now_ms = now_ms;
  impl_->for_each([&](Node&, OperatorHarness& subtask) { subtask.set_processing_time(now_ms); });
  bool again = true;
  while (std::exchange(again, false)) {
    impl_->for_each(
        [&](Node&, OperatorHarness& subtask) { subtask.processing_time_to_the_end(now_ms); });
    impl_->advance_watermarks();
    // An operator that holds watermarks back emits what is behind one after it was sent.
    impl_->for_each([&](Node& node, OperatorHarness& subtask) {
      again = again || (node.makes_event_time && subtask.op().next_processing_time() <= now_ms);
    });
  }
}

void GraphHarness::finish() {
  impl_->for_each([](Node&, OperatorHarness& subtask) {
    while (subtask.finish() == Progress::kMore) {}
  });
}

TestSnapshot GraphHarness::snapshot() {
  auto state = std::make_shared<TestSnapshot::State>();
  state->checkpoint_id = ++impl_->checkpoint_id;
  impl_->for_each([&](Node& node, OperatorHarness& subtask) {
    state->by_uid[node.uid].push_back(subtask.snapshot(state->checkpoint_id));
  });
  for (const Node& node : impl_->nodes) {
    if (node.enumerator != nullptr) state->enumerators[node.uid] = node.found;
  }
  TestSnapshot snapshot;
  snapshot.state_ = std::move(state);
  return snapshot;
}

void GraphHarness::checkpoint_completed(const TestSnapshot& snapshot) {
  WEIR_CHECK(snapshot.state_ != nullptr);
  impl_->for_each([&](Node&, OperatorHarness& subtask) {
    subtask.checkpoint_completed(snapshot.state_->checkpoint_id);
  });
}

void GraphHarness::restore(const TestSnapshot& snapshot, int parallelism) {
  WEIR_CHECK(snapshot.state_ != nullptr);
  impl_->start(snapshot.state_.get(), parallelism);
}

void GraphHarness::restore_checkpoint(const std::string& path, const std::string& uid,
                                      int parallelism) {
  auto stored = StoredCheckpoint::open(path, impl_->files);
  if (!stored.ok()) return impl_->fail(stored.status());
  const auto state = std::make_shared<TestSnapshot::State>();
  state->checkpoint_id = (*stored)->id();
  state->stored = *stored;
  std::string own;
  size_t operators = 0;
  bool found = false;
  for (const Node& node : impl_->nodes) {
    if (!node.factory || node.name == kTestOutput) continue;
    ++operators;
    own += cat(own.empty() ? "" : ", ", node.uid);
    found = found || (uid.empty() ? state->stored->has(node.uid) : node.uid == uid);
  }
  state->stored_uid = uid;
  if (!uid.empty()) state->into_uid = operators == 1 ? own : uid;
  found = found || (operators == 1 && !uid.empty());
  if (!found || (!uid.empty() && !state->stored->has(uid))) {
    return impl_->fail(invalid_argument(
        cat("cannot restore ", uid.empty() ? "the part under test" : cat("operator '", uid, "'"),
            " from ", path, ", which has state of the operators ", state->stored->uids(),
            "; the part has ", own, ". Give the operator the uid that it has in the job")));
  }
  impl_->checkpoint_id = std::max(impl_->checkpoint_id, state->checkpoint_id);
  impl_->start(state.get(), parallelism);
}

int GraphHarness::parallelism() const { return impl_->options.parallelism; }

int64_t GraphHarness::metric(std::string_view name) const {
  int64_t sum = 0;
  for (const Node& node : impl_->nodes) {
    for (const auto& subtask : node.subtasks) {
      subtask->metrics().for_each([&](const MetricGroup::Metric& metric) {
        if (metric.name == name) sum += metric.value();
      });
    }
  }
  return sum;
}

const Status& GraphHarness::status() const { return impl_->status; }

}  // namespace detail
}  // namespace weir
