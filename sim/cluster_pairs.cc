// Steps that send each record along two ways and forward it when it has come by both. A record that
// is lost on one of them is missing from the result. The ids of the records are unique.

#include <algorithm>
#include <set>

#include "cluster_events.h"
#include "weir/function/broadcast_functions.h"
#include "weir/function/checkpointed_function.h"
#include "weir/stream/data_stream.h"
#include "weir/window/tumbling_windows.h"

namespace weir::sim {
namespace {

using std::chrono::milliseconds;

const MapStateDescriptor<int64_t, int64_t> kAnnounced{"announced"};
const ValueStateDescriptor<Event> kWaiting{"waiting"};

/// A record is announced by a broadcast copy. With exactly-once, a second announcement takes the
/// first one back, so that a repeated one loses the record.
class AwaitAnnouncement final : public KeyedBroadcastProcessFunction<int64_t, Event, Event, Event> {
 public:
  AwaitAnnouncement(bool exactly_once, std::shared_ptr<Mishaps> mishaps)
      : exactly_once_(exactly_once), mishaps_(std::move(mishaps)) {}

  void open(RuntimeContext& context) override {
    throw_if_due(*mishaps_, 0, Callback::kOpen);
    waiting_ = context.state(kWaiting);
  }
  void process_element(const Event& event, ReadOnlyContext& context,
                       Collector<Event>& out) override {
    throw_if_due(*mishaps_, event.id, Callback::kStep);
    if (context.broadcast_state(kAnnounced).contains(event.id)) out.collect(event);
    else waiting_.update(event);
  }
  void process_broadcast_element(const Event& event, Context& context,
                                 Collector<Event>& out) override {
    auto announced = context.broadcast_state(kAnnounced);
    if (exactly_once_ && announced.contains(event.id)) announced.remove(event.id);
    else announced.put(event.id, event.value);
    context.apply_to_keyed_state(kWaiting, [&](int64_t id, ValueState<Event> waiting) {
      if (id != event.id) return;
      out.collect(*waiting.value(), waiting.value()->time);
      waiting.clear();
    });
  }

 private:
  const bool exactly_once_;
  const std::shared_ptr<Mishaps> mishaps_;
  ValueState<Event> waiting_;
};

/// The same, with lists that belong to no key. Each subtask saves its part of the announcements in
/// a union list, and the records that wait in a list that may be divided anew.
class AwaitInLists final : public CoProcessFunction<Event, Event, Event>,
                           public CheckpointedFunction {
 public:
  explicit AwaitInLists(std::shared_ptr<Mishaps> mishaps) : mishaps_(std::move(mishaps)) {}

  void initialize_state(FunctionInitializationContext& context) override {
    waiting_ = context.list_state(ListStateDescriptor<Event>{"waiting"});
    saved_ = context.union_list_state(ListStateDescriptor<int64_t>{"announced"});
    announced_ = {saved_.get().begin(), saved_.get().end()};
    subtask_ = context.subtask();
    parallelism_ = context.parallelism();
  }
  void snapshot_state(FunctionSnapshotContext&) override {
    std::vector<int64_t> own;
    std::copy_if(announced_.begin(), announced_.end(), std::back_inserter(own),
                 [&](int64_t id) { return id % parallelism_ == subtask_; });
    saved_.update(std::move(own));
  }
  void open(RuntimeContext&) override { throw_if_due(*mishaps_, 0, Callback::kOpen); }
  void process_element1(const Event& event, Context&, Collector<Event>& out) override {
    throw_if_due(*mishaps_, event.id, Callback::kStep);
    if (announced_.contains(event.id)) out.collect(event);
    else waiting_.add(event);
  }
  void process_element2(const Event& event, Context&, Collector<Event>& out) override {
    announced_.insert(event.id);
    std::vector<Event> waiting = waiting_.get();
    const auto its = std::partition(waiting.begin(), waiting.end(),
                                    [&](const Event& each) { return each.id != event.id; });
    for (auto each = its; each != waiting.end(); ++each) out.collect(*each, each->time);
    waiting.erase(its, waiting.end());
    waiting_.update(std::move(waiting));
  }

 private:
  const std::shared_ptr<Mishaps> mishaps_;
  ListState<Event> waiting_;
  ListState<int64_t> saved_;
  std::set<int64_t> announced_;
  int subtask_ = 0;
  int parallelism_ = 1;
};

/// Forwards a record that meets its copy.
class KeepLeft final : public ProcessJoinFunction<Event, Event, Event> {
 public:
  explicit KeepLeft(std::shared_ptr<Mishaps> mishaps) : mishaps_(std::move(mishaps)) {}
  void open(RuntimeContext&) override { throw_if_due(*mishaps_, 0, Callback::kOpen); }
  void process_element(const Event& left, const Event&, Context&, Collector<Event>& out) override {
    throw_if_due(*mishaps_, left.id, Callback::kStep);
    out.collect(left, left.time);
  }

 private:
  const std::shared_ptr<Mishaps> mishaps_;
};

/// Gives the records timestamps that are earlier than their times. With kStepMs, a record comes
/// when the watermark may be just before its timestamp.
constexpr int64_t kStepMs = 10;  // between the times of two records of a source
DataStream<Event> earlier(const DataStream<Event>& events, int64_t by_ms) {
  return events.flat_map([by_ms](const Event& event, Collector<Event>& out) {
    out.collect(event, event.time - by_ms);
  });
}

DataStream<Event> add_interval_join(const DataStream<Event>& events,
                                    const DataStream<Event>& copies, int64_t copy_is_later_by,
                                    const std::string& uid, std::shared_ptr<Mishaps> mishaps) {
  const auto id_of = [mishaps](const Event& event) {
    throw_if_due(*mishaps, event.id, Callback::kKey);
    return event.id;
  };
  // The later one of a pair has the last timestamp that joins, so that its partner is kept until
  // the watermark is as close as possible.
  const bool later = copy_is_later_by > 0;
  return earlier(events, later ? kStepMs + 1 : kStepMs)
      .key_by(id_of)
      .interval_join(earlier(copies, later ? kStepMs : kStepMs + 1).key_by(id_of))
      .between(milliseconds(std::min<int64_t>(copy_is_later_by, 0)),
               milliseconds(std::max<int64_t>(copy_is_later_by, 0)))
      .process(KeepLeft(mishaps))
      .uid(uid);
}

}  // namespace

DataStream<Event> add_pairing_step(const DataStream<Event>& events, const WorkloadPlan& plan,
                                   size_t index, const std::string& uid,
                                   std::shared_ptr<Mishaps> mishaps) {
  const StepPlan& step = plan.steps[index];
  const auto id_of = [mishaps](const Event& event) {
    throw_if_due(*mishaps, event.id, Callback::kKey);
    return event.id;
  };
  // The second way is longer, so that its records come later.
  const DataStream<Event> copies =
      step.rebalance ? events.shuffle().map([](const Event& event) { return event; }) : events;
  switch (step.kind) {
    case StepKind::kAnnounced:
      // Announced first, so that the state is needed.
      return copies.key_by(id_of)
          .connect(events.broadcast(kAnnounced))
          .process(AwaitAnnouncement(plan.exactly_once, mishaps))
          .uid(uid);
    case StepKind::kAnnouncedInLists:
      return events.connect(copies.broadcast()).process(AwaitInLists(mishaps)).uid(uid);
    case StepKind::kIntervalJoin:
      return add_interval_join(events, copies, plan.data_seed % 2 == 0 ? 1 : -1, uid, mishaps);
    default:
      return events.join(copies)
          .where(id_of)
          .equal_to(id_of)
          .window(TumblingEventTimeWindows::of(milliseconds(plan.window_ms)))
          .apply([mishaps](const Event& event, const Event&) {
            throw_if_due(*mishaps, event.id, Callback::kStep);
            return event;
          })
          .uid(uid);
  }
}

}  // namespace weir::sim
