#include "cluster_events.h"
#include "weir/stream/data_stream.h"

namespace weir::sim {
namespace {

/// Forwards each record, and emits it to a side output, too.
class Twins final : public ProcessFunction<Event, Event> {
 public:
  explicit Twins(std::shared_ptr<Mishaps> mishaps) : mishaps_(std::move(mishaps)) {}
  static OutputTag<Event> second() { return OutputTag<Event>("second"); }
  void process_element(const Event& event, Context& context, Collector<Event>& out) override {
    throw_if_due(*mishaps_, event.id, Callback::kStep);
    context.output(second_, event);
    out.collect(event);
  }

 private:
  const std::shared_ptr<Mishaps> mishaps_;
  const OutputTag<Event> second_ = second();
};

/// Forwards a record when it has come by both inputs. A record that is lost or repeated on one of
/// them is missing from the result, or appears twice.
class MeetAgain final : public KeyedCoProcessFunction<int64_t, Event, Event, Event> {
 public:
  explicit MeetAgain(std::shared_ptr<Mishaps> mishaps) : mishaps_(std::move(mishaps)) {}
  void open(RuntimeContext& context) override {
    throw_if_due(*mishaps_, 0, Callback::kOpen);
    ahead_ = context.state(MapStateDescriptor<int64_t, int64_t>{"ahead"});
  }
  void process_element1(const Event& event, Context&, Collector<Event>& out) override {
    arrive(event, 1, out);
  }
  void process_element2(const Event& event, Context&, Collector<Event>& out) override {
    arrive(event, -1, out);
  }

 private:
  void arrive(const Event& event, int64_t input, Collector<Event>& out) {
    int64_t& ahead = ahead_.mutable_value(event.value);
    if (ahead * input < 0) out.collect(event);
    ahead += input;
    if (ahead == 0) ahead_.remove(event.value);
  }

  const std::shared_ptr<Mishaps> mishaps_;
  /// By value, because several records may have one id: by how many records the first input is
  /// ahead.
  MapState<int64_t, int64_t> ahead_;
};

}  // namespace

DataStream<Event> add_join_step(const DataStream<Event>& events, const std::string& uid,
                                bool rebalance, std::shared_ptr<Mishaps> mishaps) {
  const auto twins = events.process(Twins(mishaps)).uid(uid + "-twins");
  const auto second = twins.get_side_output(Twins::second());
  const auto id_of = [mishaps](const Event& e) {
    throw_if_due(*mishaps, e.id, Callback::kKey);
    return e.id;
  };
  return twins
      .key_by(id_of)
      // The second way is longer, so that its records come later.
      .connect(rebalance ? second.rebalance().map([](const Event& e) { return e; }).key_by(id_of)
                         : second.key_by(id_of))
      .process(MeetAgain(mishaps))
      .uid(uid);
}

}  // namespace weir::sim
