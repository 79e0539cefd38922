#include "runtime/operator_chain.h"

#include <algorithm>
#include <iterator>

#include "base/bug_switch.h"
#include "base/status_macros.h"
#include "runtime/user_code.h"
#include "weir/detail/base/check.h"
#include "weir/operator/event_time_operator.h"

namespace weir {

/// Passes the output of one operator to the next. When user code throws, `current_` remains at the
/// operator that threw.
class OperatorChain::Link final : public Output {
 public:
  Link(OperatorChain& chain, size_t next) : chain_(chain), next_(next) {}
  void emit(Batch& batch) override {
    if (batch.empty()) return;
    Operator& op = chain_.hosts_[next_]->op();
    if (!chain_.wait_until([&op] { return op.can_accept(); })) return batch.clear();
    const size_t caller = chain_.current_;
    chain_.current_ = next_;
    op.process(batch, chain_.output_of(next_));
    batch.clear();
    chain_.current_ = caller;
  }

 private:
  OperatorChain& chain_;
  const size_t next_;
};

/// Drops what nobody reads.
class OperatorChain::Nowhere final : public Output {
 public:
  void emit(Batch& batch) override { batch.clear(); }
};

/// Hands what one operator emits to several receivers.
class OperatorChain::Fork final : public Output {
 public:
  explicit Fork(std::vector<Output*> receivers) : receivers_(std::move(receivers)) {}
  void emit(Batch& batch) override {
    if (batch.empty()) return;
    for (size_t i = 0; i + 1 < receivers_.size(); ++i) receivers_[i]->emit(*batch.copy());
    receivers_.back()->emit(batch);
    batch.clear();
  }

 private:
  const std::vector<Output*> receivers_;
};

namespace {

class ChainSnapshotContext final : public SnapshotContext {
 public:
  ChainSnapshotContext(CheckpointId id, const std::string& label, OperatorLists lists,
                       std::vector<std::function<Status()>>& before_ack)
      : id_(id), label_(label), lists_(std::move(lists)), before_ack_(before_ack) {}
  int64_t checkpoint_id() const override { return id_; }
  void put_list(const std::string& name, std::vector<std::string> elements) override {
    const auto found = lists_.find(name);
    WEIR_CHECK(found != lists_.end());
    found->second.elements = std::move(elements);
  }
  void before_ack(std::function<Status()> work) override {
    before_ack_.push_back([label = label_, work = std::move(work)] {
      return call_user_code(label, [&] { return work(); });
    });
  }
  OperatorLists take_lists() { return std::move(lists_); }

 private:
  const CheckpointId id_;
  const std::string& label_;
  OperatorLists lists_;
  std::vector<std::function<Status()>>& before_ack_;
};

}  // namespace

OperatorChain::OperatorChain(const JobVertex& vertex, SubtaskPlace place, TaskServices& services,
                             std::function<void(Status)> fail, const std::vector<ChainExit>& exits,
                             SuspendableCall& call)
    : vertex_(vertex), place_(place), call_(call), suspended_(vertex.chain.size(), 0) {
  using Receivers = std::vector<std::vector<Output*>>;  // of one operator, by output
  std::vector<Receivers> receivers;
  for (const JobOperator& op : vertex.chain) {
    hosts_.push_back(std::make_unique<OperatorHost>(op, place, services, fail));
    receivers.emplace_back(1 + op.side_outputs.size());
  }
  for (size_t i = 1; i < hosts_.size(); ++i) {
    const size_t parent = parent_of(vertex, i);
    WEIR_CHECK(parent < i);
    routes_.push_back(std::make_unique<Link>(*this, i));
    receivers[parent]
        .at(static_cast<size_t>(vertex.chain[i].output))
        .push_back(routes_.back().get());
  }
  for (const ChainExit& exit : exits)
    receivers.at(exit.op).at(static_cast<size_t>(exit.output)).push_back(exit.to);
  for (size_t i = 0; i < hosts_.size(); ++i) {
    std::vector<Output*> outputs;
    emits_.push_back(std::any_of(receivers[i].begin(), receivers[i].end(),
                                 [](const auto& each) { return !each.empty(); }));
    for (std::vector<Output*>& each : receivers[i]) outputs.push_back(&connect(std::move(each)));
    results_.push_back(outputs[0]);
    outputs.erase(outputs.begin());
    hosts_[i]->set_side_outputs(std::move(outputs));
  }
}

Output& OperatorChain::connect(std::vector<Output*> receivers) {
  if (receivers.size() == 1) return *receivers[0];
  if (receivers.empty()) {
    routes_.push_back(std::make_unique<Nowhere>());
  } else {
    routes_.push_back(std::make_unique<Fork>(std::move(receivers)));
  }
  return *routes_.back();
}

OperatorChain::~OperatorChain() = default;

SourceOperator* OperatorChain::source() {
  return vertex_.is_source ? static_cast<SourceOperator*>(&hosts_[0]->op()) : nullptr;
}

EventTimeOperator* OperatorChain::event_time_operator() {
  return vertex_.chain[0].makes_event_time ? static_cast<EventTimeOperator*>(&hosts_[0]->op())
                                           : nullptr;
}

Status OperatorChain::open(std::vector<OperatorLists> restored_lists) {
  restored_lists.resize(hosts_.size());
  for (size_t i = 0; i < hosts_.size(); ++i) {
    WEIR_RETURN_IF_ERROR(hosts_[i]->open(std::move(restored_lists[i])));
    hosts_[i]->metrics().for_each([this](const MetricGroup::Metric& metric) {
      if (metric.kind == MetricGroup::Kind::kCounter && metric.name == kLateRecordsDropped)
        late_records_.push_back(&metric.counter);
    });
  }
  return {};
}

Status OperatorChain::restored() {
  for (const auto& host : hosts_) {
    WEIR_RETURN_IF_ERROR(call_user_code(host->label(), [&] { return host->op().restored(); }));
  }
  return {};
}

OperatorHost& OperatorChain::enter(size_t i) {
  current_ = i;
  return *hosts_[i];
}

bool OperatorChain::can_accept() {
  for (size_t i = 0; i < hosts_.size(); ++i) {
    if (suspended_[i] == 0 && !enter(i).op().can_accept()) return false;
  }
  return true;
}

void OperatorChain::suspend() {
  const size_t at = current_;
  for (size_t i = at;; i = parent_of(vertex_, i)) {
    suspended_[i] = 1;
    hosts_[i]->hold_continuations();
    if (i == 0) break;
  }
  call_.suspend();
  std::fill(suspended_.begin(), suspended_.end(), 0);
  current_ = at;
}

void OperatorChain::call_ended() {
  for (const auto& host : hosts_) host->run_held_continuations();
}

void OperatorChain::process(int input, Batch& batch) {
  Operator& first = enter(0).op();
  if (input == 0) first.process(batch, output_of(0));
  else first.process_input(input, batch, output_of(0));
}

void OperatorChain::process_at(size_t op, Batch& batch) {
  enter(op).op().process(batch, output_of(op));
}

PollResult OperatorChain::poll(EventTime* time) {
  current_ = 0;
  return source()->poll(output_of(0), time);
}

void OperatorChain::add_splits(std::vector<std::string> splits) {
  current_ = 0;
  source()->add_splits(std::move(splits));
}

void OperatorChain::align_watermark(Timestamp max_allowed) {
  current_ = 0;
  source()->align_watermark(max_allowed);
}

int64_t OperatorChain::next_processing_time() {
  int64_t next = INT64_MAX;
  for (size_t i = 0; i < hosts_.size(); ++i) {
    if (has_timers(i)) next = std::min(next, enter(i).op().next_processing_time());
  }
  return next;
}

void OperatorChain::fire_due(int64_t now_ms) {
  for (current_ = 0; current_ < hosts_.size(); ++current_) {
    Operator& op = hosts_[current_]->op();
    if (has_timers(current_) && op.next_processing_time() <= now_ms)
      op.advance_processing_time(now_ms, output_of(current_));
  }
  current_ = 0;
}

int64_t OperatorChain::advance_refusing(int64_t now_ms) {
  int64_t next = INT64_MAX;
  for (size_t i = 0; i < hosts_.size(); ++i) {
    Operator& op = enter(i).op();
    if (suspended_[i] != 0 || op.can_accept()) continue;
    if (op.next_processing_time() <= now_ms) op.advance_processing_time(now_ms, output_of(i));
    next = std::min(next, op.next_processing_time());
  }
  return next;
}

StatusOr<TaskSnapshot> OperatorChain::snapshot(CheckpointId id) {
  TaskSnapshot taken;
  taken.id = id;
  taken.subtask = place_.subtask;
  std::vector<int64_t> epochs(hosts_.size());
  for (size_t i = 0; i < hosts_.size(); ++i) {
    OperatorHost& host = enter(i);
    ChainSnapshotContext context(id, host.label(), host.declared_lists(), taken.before_ack);
    WEIR_RETURN_IF_ERROR(host.op().snapshot(context).with_context(host.label()));
    OperatorSnapshot part;
    part.label = host.label();
    part.id = host.description().id;
    part.uid = host.description().uid;
    if (KeyedState* keyed = host.op().keyed_state()) {
      part.keyed = keyed->snapshot();
      part.base = base_;
      epochs[i] = part.keyed->epoch();
    }
    part.lists = context.take_lists();
    taken.operators.push_back(std::move(part));
  }
  if (place_.tracks_changes) epochs_[id] = std::move(epochs);
  return taken;
}

void OperatorChain::checkpoint_completed(CheckpointId id) {
  for (size_t i = 0; i < hosts_.size(); ++i) enter(i).op().checkpoint_completed(id);
  set_base(id);
  snapshot_ended();
}

void OperatorChain::set_base(CheckpointId id) {
  const auto taken = epochs_.find(id);
  if (taken == epochs_.end()) return;
  for (size_t i = 0; i < hosts_.size(); ++i) {
    KeyedState* keyed = enter(i).op().keyed_state();
    if (keyed != nullptr && taken->second[i] != 0) keyed->set_base(taken->second[i]);
  }
  base_ = id;
  epochs_.erase(epochs_.begin(), std::next(taken));
}

void OperatorChain::checkpoint_aborted(CheckpointId id) {
  for (size_t i = 0; i < hosts_.size(); ++i) enter(i).op().checkpoint_aborted(id);
  if (bug_enabled(Bug::kChangesSinceFailedCheckpointLost)) {
    const CheckpointId durable = base_;
    set_base(id);
    base_ = durable;
  }
  epochs_.erase(id);
  snapshot_ended();
}

void OperatorChain::commit_without_checkpoint() {
  for (size_t i = 0; i < hosts_.size(); ++i) enter(i).op().commit_without_checkpoint();
}

void OperatorChain::snapshot_ended() {
  for (size_t i = 0; i < hosts_.size(); ++i) {
    if (KeyedState* keyed = enter(i).op().keyed_state()) keyed->snapshot_ended();
  }
}

bool OperatorChain::quiescent() {
  for (size_t i = 0; i < hosts_.size(); ++i) {
    if (!enter(i).op().quiescent()) return false;
  }
  return true;
}

int64_t OperatorChain::late_records() const {
  int64_t records = 0;
  for (const Counter* counter : late_records_) records += counter->count();
  return records;
}

Status OperatorChain::close() {
  Status first;
  for (const auto& host : hosts_) {
    Status closed = host->close();
    if (first.ok()) first = std::move(closed);
  }
  return first;
}

}  // namespace weir
