#include <stdexcept>

#include "base/strings.h"
#include "cluster_events.h"
#include "weir/functions.h"
#include "weir/keyed_stream.h"
#include "weir/windows.h"

namespace weir::sim {
namespace {

/// Count and sum of a key, with ballast.
struct Running {
  int64_t key = 0;
  int64_t count = 0;
  int64_t sum = 0;
  std::string ballast;
  WEIR_FIELDS(Running, key, count, sum, ballast)
};

std::string running_line(int64_t key, int64_t count, int64_t sum) { return cat("c ", key, ' ', count, ' ', sum); }
std::string interval_line(int64_t key, int64_t start, int64_t count, int64_t sum) { return cat("w ", key, ' ', start, ' ', count, ' ', sum); }

/// Counts and sums a key's records in value state, and those of each interval of event time in map state; a timer at the interval's end
/// writes and forgets it.
class SumByInterval final : public KeyedProcessFunction<int64_t, Event, std::string> {
 public:
  SumByInterval(int64_t interval_ms, size_t ballast, std::shared_ptr<Mishaps> mishaps)
      : interval_ms_(interval_ms), ballast_(ballast), mishaps_(std::move(mishaps)) {}

  void open(RuntimeContext& context) override {
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
    out.collect(running_line(event.key, so_far.count, so_far.sum));
    const int64_t start = context.timestamp() / interval_ms_ * interval_ms_;
    ++counts_.mutable_value(start);
    sums_.mutable_value(start) += event.value;
    context.timer_service().register_event_time_timer(start + interval_ms_ - 1);
  }

  void on_timer(Timestamp timestamp, OnTimerContext& context, Collector<std::string>& out) override {
    const int64_t start = timestamp + 1 - interval_ms_;
    const int64_t* count = counts_.get(start);
    // Shows as a line that belongs nowhere.
    out.collect(interval_line(context.current_key(), start, count != nullptr ? *count : -1, count != nullptr ? *sums_.get(start) : -1));
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

struct SumOfWindow {
  struct Accumulator {
    int64_t count = 0;
    int64_t sum = 0;
    std::string ballast;
    WEIR_FIELDS(Accumulator, count, sum, ballast)
  };
  size_t ballast = 0;
  std::shared_ptr<Mishaps> mishaps;

  Accumulator create_accumulator() const { return {0, 0, std::string(ballast, 'x')}; }
  void add(const Event& event, Accumulator& a) const {
    throw_if_due(*mishaps, event.id);
    ++a.count;
    a.sum += event.value;
  }
  Running get_result(const Accumulator& a) const { return {0, a.count, a.sum, {}}; }
};

class WriteWindow final : public ProcessWindowFunction<Running, std::string, int64_t> {
 public:
  void process(const int64_t& key, const WindowContext& context, const std::vector<Running>& elements, Collector<std::string>& out) override {
    for (const Running& each : elements) out.collect(interval_line(key, context.window.start, each.count, each.sum));
  }
};

class SumList final : public ProcessWindowFunction<Event, std::string, std::string> {
 public:
  explicit SumList(std::shared_ptr<Mishaps> mishaps) : mishaps_(std::move(mishaps)) {}
  void process(const std::string& key, const WindowContext& context, const std::vector<Event>& elements, Collector<std::string>& out) override {
    int64_t sum = 0;
    for (const Event& each : elements) {
      throw_if_due(*mishaps_, each.id);
      sum += each.value;
    }
    out.collect(interval_line(std::stoll(key), context.window.start, static_cast<int64_t>(elements.size()), sum));
  }

 private:
  const std::shared_ptr<Mishaps> mishaps_;
};

}  // namespace

DataStream<std::string> add_keyed_ending(const DataStream<Event>& events, const WorkloadPlan& plan, std::shared_ptr<Mishaps> mishaps) {
  const size_t ballast = plan.padding;
  switch (plan.ending) {
    case Ending::kReduce:
      return events
          .map([mishaps, ballast](const Event& e) {
            throw_if_due(*mishaps, e.id);
            return Running{e.key, 1, e.value, std::string(ballast, 'x')};
          })
          .uid("ones")
          .key_by(&Running::key)
          .reduce([](Running so_far, const Running& one) {
            so_far.count += one.count;
            so_far.sum += one.sum;
            return so_far;
          })
          .uid("reduce")
          .map([](const Running& r) { return running_line(r.key, r.count, r.sum); })
          .uid("lines");
    case Ending::kTimers:
      return events.key_by(&Event::key).process(SumByInterval(plan.window_ms, ballast, mishaps)).uid("sums");
    case Ending::kWindows:
      return events.key_by(&Event::key)
          .window(TumblingEventTimeWindows::of(std::chrono::milliseconds(plan.window_ms)))
          .aggregate(SumOfWindow{ballast, mishaps}, WriteWindow())
          .uid("windows");
    case Ending::kLists:
      return events.key_by([](const Event& e) { return std::to_string(e.key); })
          .window(TumblingEventTimeWindows::of(std::chrono::milliseconds(plan.window_ms)))
          .process(SumList(mishaps))
          .uid("lists");
    case Ending::kPlain:
      break;
  }
  throw std::logic_error("not an ending with keys");
}

}  // namespace weir::sim
