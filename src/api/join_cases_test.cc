// Joins, broadcast functions and rescale() do what Flink does: join_cases.txt.

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <sstream>

#include "api/testing/flink_cases.h"
#include "base/strings.h"
#include "graph/execution_graph.h"
#include "weir/testing.h"
#include "weir/weir.h"

namespace weir {
namespace {

using namespace std::chrono_literals;
using Text = std::string;
using Lines = std::vector<Text>;

struct Record {
  Text key;
  int64_t value = 0;
  WEIR_FIELDS(Record, key, value)
};
using Records = DataStream<Record>;
using Piece = std::function<DataStream<Text>(const Records&, const Records&)>;
using Harness = TwoStreamTestHarness<Record, Record, Text>;

const OutputTag<Record> kLateLeft("late left");
const OutputTag<Record> kLateRight("late right");

struct ShowPair final : ProcessJoinFunction<Record, Record, Text> {
  void process_element(const Record& left, const Record& right, Context& context,
                       Collector<Text>& out) override {
    out.collect(cat(left.key, ' ', left.value, ' ', right.value, " from ", context.left_timestamp(),
                    " and ", context.right_timestamp()));
  }
};

Piece interval(std::chrono::milliseconds lower, std::chrono::milliseconds upper,
               bool inclusive = true) {
  return [=](const Records& left, const Records& right) -> DataStream<Text> {
    auto join = left.key_by(&Record::key)
                    .interval_join(right.key_by(&Record::key))
                    .between(lower, upper)
                    .side_output_left_late_data(kLateLeft)
                    .side_output_right_late_data(kLateRight);
    if (!inclusive) join = join.lower_bound_exclusive().upper_bound_exclusive();
    const auto joined = join.process(ShowPair{});
    const auto show = [&](const OutputTag<Record>& tag) {
      return joined.get_side_output(tag).map([name = tag.name()](const Record& record) {
        return cat(name, ' ', record.key, ' ', record.value);
      });
    };
    return joined.union_with(show(kLateLeft), show(kLateRight));
  };
}

Text pair(const Record& a, const Record& b) { return cat(a.key, ' ', a.value, ' ', b.value); }
void groups(const std::vector<Record>& first, const std::vector<Record>& second,
            Collector<Text>& out) {
  Text key, text;
  for (const Record& each : first) key = each.key, text += cat(' ', each.value);
  text += " |";
  for (const Record& each : second) key = each.key, text += cat(' ', each.value);
  out.collect(key + text);
}

template <class Change>
Piece join(Change change) {
  return [=](const Records& a, const Records& b) -> DataStream<Text> {
    return change(a.join(b).where(&Record::key).equal_to(&Record::key)).apply(&pair);
  };
}
template <class Assigner>
Piece co_group(Assigner assigner) {
  return [=](const Records& a, const Records& b) -> DataStream<Text> {
    return a.co_group(b).where(&Record::key).equal_to(&Record::key).window(assigner).apply(&groups);
  };
}

const MapStateDescriptor<Text, int64_t> kRules{"rules"};

struct Above final : BroadcastProcessFunction<Record, Record, Text> {
  void process_element(const Record& record, ReadOnlyContext& context,
                       Collector<Text>& out) override {
    Text text = cat(record.key, ' ', record.value, " exceeds");
    for (const auto& [name, limit] : context.broadcast_state(kRules).entries()) {
      if (record.value > limit) text += ' ' + name;
    }
    out.collect(cat(text, ", watermark ", context.current_watermark()));
  }
  void process_broadcast_element(const Record& rule, Context& context,
                                 Collector<Text>& out) override {
    if (rule.value < 0) context.broadcast_state(kRules).remove(rule.key);
    else context.broadcast_state(kRules).put(rule.key, rule.value);
    out.collect(cat("rule ", rule.key, ' ', rule.value));
  }
};

const ValueStateDescriptor<int64_t> kSum{"sum"};

struct Sums final : KeyedBroadcastProcessFunction<Text, Record, Record, Text> {
  void open(RuntimeContext& context) override { sum_ = context.state(kSum); }
  void process_element(const Record& record, ReadOnlyContext& context, Collector<Text>&) override {
    sum_.update(sum_.value_or(0) + record.value);
    context.timer_service().register_event_time_timer(context.timestamp() + 10);
  }
  void process_broadcast_element(const Record& rule, Context& context,
                                 Collector<Text>& out) override {
    context.broadcast_state(kRules).put(rule.key, rule.value);
    if (rule.key != "add") return;
    context.apply_to_keyed_state(kSum, [&](const Text& key, ValueState<int64_t> state) {
      state.mutable_value() += rule.value;
      out.collect(cat("added to ", key, ", watermark ", context.current_watermark()));
    });
  }
  void on_timer(Timestamp, OnTimerContext& context, Collector<Text>& out) override {
    out.collect(cat(context.current_key(), ' ', *sum_.value(), ", rules ",
                    context.broadcast_state(kRules).entries().size()));
  }

 private:
  ValueState<int64_t> sum_;
};

std::map<Text, Piece> pieces() {
  const auto tumbling = TumblingEventTimeWindows::of(10ms);
  const auto sliding = SlidingEventTimeWindows::of(10ms, 5ms);
  const auto session = EventTimeSessionWindows::with_gap(10ms);
  return {
      {"interval -2 3", interval(-2ms, 3ms)},
      {"interval -2 3, exclusive", interval(-2ms, 3ms, false)},
      {"interval 0 0", interval(0ms, 0ms)},
      {"interval 5 10", interval(5ms, 10ms)},
      {"interval -10 -5", interval(-10ms, -5ms)},
      {"join tumbling 10", join([=](auto keys) { return keys.window(tumbling); })},
      {"join sliding 10 5", join([=](auto keys) { return keys.window(sliding); })},
      {"join session 10", join([=](auto keys) { return keys.window(session); })},
      {"join tumbling 10, lateness 5",
       join([=](auto keys) { return keys.window(tumbling).allowed_lateness(5ms); })},
      {"join tumbling 10, count 3",
       join([=](auto keys) { return keys.window(tumbling).trigger(CountTrigger::of(3)); })},
      {"join tumbling 10, last 3",
       join([=](auto keys) { return keys.window(tumbling).evictor(CountEvictor::of(3)); })},
      {"co_group tumbling 10", co_group(tumbling)},
      {"co_group sliding 10 5", co_group(sliding)},
      {"co_group session 10", co_group(session)},
      {"broadcast",
       [](const Records& records, const Records& rules) -> DataStream<Text> {
         return records.connect(rules.broadcast(kRules)).process(Above{});
       }},
      {"keyed broadcast",
       [](const Records& records, const Records& rules) -> DataStream<Text> {
         return records.key_by(&Record::key).connect(rules.broadcast(kRules)).process(Sums{});
       }},
  };
}

/// Does one step of a case.
void run(const Text& step, Harness& harness) {
  std::istringstream words(step);
  Text what, key;
  int64_t number = 0;
  words >> what;
  if (what.starts_with("wm")) {
    words >> number;
    if (what != "wm2") harness.watermark1(number);
    if (what != "wm1") harness.watermark2(number);
    return;
  }
  char at = 0;
  Timestamp timestamp = 0;
  words >> key >> number >> at >> timestamp;
  if (what == "1") harness.element1({key, number}, timestamp);
  else harness.element2({key, number}, timestamp);
}

Lines results_of(Harness& harness) {
  Lines lines;
  for (const TestRecord<Text>& record : harness.take_output()) {
    lines.push_back(cat("> ", record.value));
    if (record.timestamp != kNoTimestamp) lines.back() += cat(" @", record.timestamp);
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

/// The lines of a case as weir computes them. Restores a snapshot before each step, on
/// `parallelism` subtasks and on one in turn; 0: never.
Lines run(const Piece& piece, const Lines& steps, int parallelism) {
  Lines lines;
  Harness harness(piece);
  Timestamp watermarks[] = {kMinWatermark, kMinWatermark};
  for (size_t i = 0; i < steps.size(); ++i) {
    if (parallelism > 0) {
      harness.restore(harness.snapshot(), i % 2 == 0 ? parallelism : 1);
      if (watermarks[0] != kMinWatermark) harness.watermark1(watermarks[0]);
      if (watermarks[1] != kMinWatermark) harness.watermark2(watermarks[1]);
      EXPECT_EQ(results_of(harness), Lines()) << "after a restore before step " << i;
    }
    lines.push_back(steps[i]);
    run(steps[i], harness);
    if (steps[i].starts_with("wm")) {
      const int64_t time = std::stoll(steps[i].substr(steps[i].find(' ')));
      if (!steps[i].starts_with("wm2")) watermarks[0] = time;
      if (!steps[i].starts_with("wm1")) watermarks[1] = time;
    }
    for (Text& result : results_of(harness)) lines.push_back(std::move(result));
    EXPECT_TRUE(harness.status().ok()) << harness.status().to_string();
  }
  return lines;
}

Lines rescale(const Text& name) {
  std::istringstream words(name);
  Text call;
  int senders = 0, receivers = 0;
  words >> call >> senders >> receivers;
  JobGraph graph;
  graph.vertices.resize(2);
  graph.vertices[0].parallelism = senders;
  graph.vertices[1].parallelism = receivers;
  graph.edges = {{0, 1, Partitioning::kRescale, nullptr}};
  std::map<int, Text> connected;
  for (const ExecutionChannel& channel : build_execution_graph(graph).channels) {
    Text& list = connected[channel.from];
    list += cat(list.empty() ? "" : ", ", channel.to);
  }
  Lines lines;
  for (const auto& [sender, list] : connected)
    lines.push_back(cat("> ", sender, " -> [", list, "]"));
  return lines;
}

TEST(JoinCases, AreWhatFlinkEmits) {
  const std::vector<FlinkCase> all = read_flink_cases("join_cases.txt");
  ASSERT_GE(all.size(), 25u);
  for (const FlinkCase& each : all) {
    SCOPED_TRACE(each.name);
    EXPECT_FALSE(each.expected.empty());
    if (each.name.starts_with("rescale ")) {
      EXPECT_EQ(rescale(each.name), each.expected);
      continue;
    }
    const Piece piece = pieces().at(each.name);
    EXPECT_EQ(run(piece, each.steps, 0), each.expected);
    // Every subtask emits a line for a rule.
    if (each.name == "broadcast") continue;
    // A watermark that is repeated after a restore removes records that have come with exactly its
    // time.
    if (each.name == "interval 0 0") continue;
    EXPECT_EQ(run(piece, each.steps, 3), each.expected);
  }
}

}  // namespace
}  // namespace weir
