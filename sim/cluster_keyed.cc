#include <stdexcept>

#include "base/strings.h"
#include "cluster_events.h"
#include "weir/function/functions.h"
#include "weir/stream/keyed_stream.h"
#include "weir/window/windows.h"

namespace weir::sim {
std::shared_ptr<Mishaps>& mishaps_of_serializers() {
  static std::shared_ptr<Mishaps> mishaps;
  return mishaps;
}

/// The id of a record. Its serializer may throw.
struct Fragile {
  int64_t id = 0;
};

}  // namespace weir::sim

template <>
struct weir::UserSerializer<weir::sim::Fragile> {
  static void write(BinaryWriter& out, const sim::Fragile& value) {
    throw_if_due(*sim::mishaps_of_serializers(), value.id, sim::Callback::kWriteState);
    out.put_i64(value.id);
  }
  static void read(BinaryReader& in, sim::Fragile& value) {
    value.id = in.get_i64();
    throw_if_due(*sim::mishaps_of_serializers(), value.id, sim::Callback::kReadState);
  }
  static TypeDescription describe() { return {TypeKind::kUser, "fragile", {}, {}, 1}; }
};

namespace weir::sim {
namespace {

/// Count and sum of a key's records, with ballast.
struct Running {
  int64_t key = 0;
  int64_t count = 0;
  int64_t sum = 0;
  std::string ballast;
  Fragile last;
  WEIR_FIELDS(Running, key, count, sum, ballast, last)
};

std::string running_line(int64_t key, int64_t count, int64_t sum) {
  return cat("c ", key, ' ', count, ' ', sum);
}
std::string interval_line(int64_t key, int64_t start, int64_t count, int64_t sum) {
  return cat("w ", key, ' ', start, ' ', count, ' ', sum);
}

/// Keeps count and sum of a key's records in value state, and those of each interval of event time
/// in map state. A timer at the interval's end writes and removes the interval.
class SumByInterval final : public KeyedProcessFunction<int64_t, Event, std::string> {
 public:
  SumByInterval(int64_t interval_ms, size_t ballast, std::shared_ptr<Mishaps> mishaps)
      : interval_ms_(interval_ms), ballast_(ballast), mishaps_(std::move(mishaps)) {}

  void open(RuntimeContext& context) override {
    throw_if_due(*mishaps_, 0, Callback::kOpen);
    so_far_ = context.state(ValueStateDescriptor<Running>{"so-far"});
    counts_ = context.state(MapStateDescriptor<int64_t, int64_t>{"counts"});
    sums_ = context.state(MapStateDescriptor<int64_t, int64_t>{"sums"});
  }

  void process_element(const Event& event, Context& context, Collector<std::string>& out) override {
    throw_if_due(*mishaps_, event.id);
    Running& so_far = so_far_.mutable_value();
    ++so_far.count;
    so_far.sum += event.value;
    so_far.ballast.assign(ballast_, 'x');
    so_far.last.id = event.id;
    out.collect(running_line(event.key, so_far.count, so_far.sum));
    const int64_t start = context.timestamp() / interval_ms_ * interval_ms_;
    ++counts_.mutable_value(start);
    sums_.mutable_value(start) += event.value;
    context.timer_service().register_event_time_timer(start + interval_ms_ - 1);
  }

  void on_timer(Timestamp timestamp, OnTimerContext& context,
                Collector<std::string>& out) override {
    const int64_t start = timestamp + 1 - interval_ms_;
    const int64_t* count = counts_.get(start);
    // If the interval is missing, -1 makes a line that the oracle does not expect.
    out.collect(interval_line(context.current_key(), start, count != nullptr ? *count : -1,
                              count != nullptr ? *sums_.get(start) : -1));
    counts_.remove(start);
    sums_.remove(start);
  }

 private:
  const int64_t interval_ms_;
  const size_t ballast_;
  const std::shared_ptr<Mishaps> mishaps_;
  ValueState<Running> so_far_;
  MapState<int64_t, int64_t> counts_;
  MapState<int64_t, int64_t> sums_;
};

/// Counts a key's records. A processing-time timer writes the numbers of the records that no
/// earlier timer has written. A timer at the end of event time writes the rest.
class CountByAlarm final : public KeyedProcessFunction<int64_t, Event, std::string> {
 public:
  CountByAlarm(int64_t delay_ms, std::shared_ptr<Mishaps> mishaps)
      : delay_ms_(delay_ms), mishaps_(std::move(mishaps)) {}

  void open(RuntimeContext& context) override {
    throw_if_due(*mishaps_, 0, Callback::kOpen);
    so_far_ = context.state(ValueStateDescriptor<Running>{"so-far"});
  }

  void process_element(const Event& event, Context& context, Collector<std::string>&) override {
    throw_if_due(*mishaps_, event.id);
    Running& so_far = so_far_.mutable_value();
    ++so_far.count;
    so_far.last.id = event.id;
    TimerService& timers = context.timer_service();
    timers.register_processing_time_timer(timers.current_processing_time() +
                                          event.value % (delay_ms_ + 1));
    timers.register_event_time_timer(kMaxWatermark);
  }

  void on_timer(Timestamp, OnTimerContext& context, Collector<std::string>& out) override {
    Running& so_far = so_far_.mutable_value();
    if (so_far.sum == so_far.count) return;
    out.collect(cat("t ", context.current_key(), ' ', so_far.sum + 1, ' ', so_far.count));
    so_far.sum = so_far.count;  // in this function: how many were written
  }

 private:
  const int64_t delay_ms_;
  const std::shared_ptr<Mishaps> mishaps_;
  ValueState<Running> so_far_;
};

/// Counts records by a key that no other step uses, and forwards them.
class CountAndPass final : public KeyedProcessFunction<int64_t, Event, Event> {
 public:
  explicit CountAndPass(std::shared_ptr<Mishaps> mishaps) : mishaps_(std::move(mishaps)) {}
  void open(RuntimeContext& context) override {
    throw_if_due(*mishaps_, 0, Callback::kOpen);
    so_far_ = context.state(ValueStateDescriptor<Running>{"passed"});
  }
  void process_element(const Event& event, Context&, Collector<Event>& out) override {
    throw_if_due(*mishaps_, event.id, Callback::kStep);
    Running& so_far = so_far_.mutable_value();
    ++so_far.count;
    so_far.last.id = event.id;
    out.collect(event);
  }

 private:
  const std::shared_ptr<Mishaps> mishaps_;
  ValueState<Running> so_far_;
};

struct SumOfWindow {
  struct Accumulator {
    int64_t count = 0;
    int64_t sum = 0;
    std::string ballast;
    Fragile last;
    WEIR_FIELDS(Accumulator, count, sum, ballast, last)
  };
  size_t ballast = 0;
  std::shared_ptr<Mishaps> mishaps;

  Accumulator create_accumulator() const { return {0, 0, std::string(ballast, 'x'), {}}; }
  void add(const Event& event, Accumulator& a) const {
    throw_if_due(*mishaps, event.id);
    ++a.count;
    a.sum += event.value;
    a.last.id = event.id;
  }
  Running get_result(const Accumulator& a) const { return {0, a.count, a.sum, {}, {}}; }
};

class WriteWindow final : public ProcessWindowFunction<Running, std::string, int64_t> {
 public:
  void process(const int64_t& key, const WindowContext& context,
               const std::vector<Running>& elements, Collector<std::string>& out) override {
    for (const Running& each : elements)
      out.collect(interval_line(key, context.window.start, each.count, each.sum));
  }
};

class SumList final : public ProcessWindowFunction<Event, std::string, std::string> {
 public:
  explicit SumList(std::shared_ptr<Mishaps> mishaps) : mishaps_(std::move(mishaps)) {}
  void process(const std::string& key, const WindowContext& context,
               const std::vector<Event>& elements, Collector<std::string>& out) override {
    int64_t sum = 0;
    for (const Event& each : elements) {
      throw_if_due(*mishaps_, each.id);
      sum += each.value;
    }
    out.collect(interval_line(std::stoll(key), context.window.start,
                              static_cast<int64_t>(elements.size()), sum));
  }

 private:
  const std::shared_ptr<Mishaps> mishaps_;
};

}  // namespace

DataStream<Event> add_keyed_step(const DataStream<Event>& events, const std::string& uid,
                                 std::shared_ptr<Mishaps> mishaps) {
  return events
      .key_by([mishaps](const Event& e) {
        throw_if_due(*mishaps, e.id, Callback::kKey);
        return e.id % 97;
      })
      .process(CountAndPass(mishaps))
      .uid(uid);
}

DataStream<std::string> add_keyed_ending(const DataStream<Event>& events, const WorkloadPlan& plan,
                                         std::shared_ptr<Mishaps> mishaps) {
  const size_t ballast = plan.padding;
  switch (plan.ending) {
    case Ending::kReduce:
      return events
          .map([mishaps, ballast](const Event& e) {
            throw_if_due(*mishaps, e.id);
            return Running{e.key, 1, e.value, std::string(ballast, 'x'), {e.id}};
          })
          .uid("ones")
          .key_by(&Running::key)
          .reduce([](Running so_far, const Running& one) {
            so_far.count += one.count;
            so_far.sum += one.sum;
            so_far.last = one.last;
            return so_far;
          })
          .uid("reduce")
          .map([](const Running& r) { return running_line(r.key, r.count, r.sum); })
          .uid("lines");
    case Ending::kTimers:
      return events.key_by(KeyOfEvent{mishaps})
          .process(SumByInterval(plan.window_ms, ballast, mishaps))
          .uid("sums");
    case Ending::kWindows:
      return events.key_by(KeyOfEvent{mishaps})
          .window(TumblingEventTimeWindows::of(std::chrono::milliseconds(plan.window_ms)))
          .aggregate(SumOfWindow{ballast, mishaps}, WriteWindow())
          .uid("windows");
    case Ending::kLists:
      return events
          .key_by([key = KeyOfEvent{mishaps}](const Event& e) { return std::to_string(key(e)); })
          .window(TumblingEventTimeWindows::of(std::chrono::milliseconds(plan.window_ms)))
          .process(SumList(mishaps))
          .uid("lists");
    case Ending::kAlarms:
      return events.key_by(KeyOfEvent{mishaps})
          .process(CountByAlarm(plan.window_ms, mishaps))
          .uid("alarms");
    case Ending::kPlain: break;
  }
  throw std::logic_error("not an ending with keys");
}

}  // namespace weir::sim
