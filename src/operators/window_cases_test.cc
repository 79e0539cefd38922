// Every kind of window does what Flink does: window_cases.txt.

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "base/testing/source_dir.h"
#include "testing/operator_harness.h"
#include "weir/detail/window/make_window.h"
#include "weir/window/evictors.h"
#include "weir/window/triggers.h"
#include "weir/window/windows.h"

namespace weir::detail {
namespace {

using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

struct Record {
  std::string key;
  int64_t value = 0;
  WEIR_FIELDS(Record, key, value)
};
using KeyOfRecord = std::string Record::*;

const auto kSum = [](Record a, const Record& b) { return Record{a.key, a.value + b.value}; };
const auto kDelta = [](const Record& a, const Record& b) {
  return static_cast<double>(b.value - a.value);
};
const auto kGap = [](const Record& record) { return std::chrono::milliseconds(record.value); };

template <bool kSorted>
class ShowAll : public ProcessWindowFunction<Record, std::string, std::string> {
 public:
  void process(const std::string& key, const WindowContext& context,
               const std::vector<Record>& elements, Collector<std::string>& out) override {
    const auto& [start, end] = context.window;
    std::string line = key;
    if (is_global(context.window)) line += " all";
    else line += " [" + std::to_string(start) + ", " + std::to_string(end) + ")";
    std::vector<int64_t> values;
    for (const Record& element : elements) values.push_back(element.value);
    if (kSorted) std::sort(values.begin(), values.end());
    for (const int64_t value : values) line += ' ' + std::to_string(value);
    out.collect(line);
  }
};
using Show = ShowAll<false>;

template <class Setup>
OperatorFactory sum(Setup setup) {
  return make_window_reduce<Record>(&Record::key, setup, kSum, Show());
}
template <class Setup>
OperatorFactory list(Setup setup) {
  return make_window_process<Record>(&Record::key, setup, Show());
}
/// An aggregate without merge(), which sums.
struct PlainSum {
  using Accumulator = Record;
  Accumulator create_accumulator() const { return {}; }
  void add(const Record& record, Record& sum) const {
    sum.key = record.key;
    sum.value += record.value;
  }
  Record get_result(const Record& sum) const { return sum; }
};
template <class Setup>
OperatorFactory plain_sum(Setup setup) {
  return make_window_aggregate<Record>(&Record::key, setup, PlainSum(), Show());
}

struct MergingSum : PlainSum {
  void merge(const Record& from, Record& into) const { into.value += from.value; }
};
template <class Setup>
OperatorFactory merging_sum(Setup setup) {
  return make_window_aggregate<Record>(&Record::key, setup, MergingSum(), Show());
}

template <class A>
auto late(A assigner, Timestamp lateness) {
  auto setup = setup_of(assigner).with_real_trigger();
  setup.lateness = lateness;
  return setup;
}

/// The operators of each case; all must do the same.
std::map<std::string, std::vector<OperatorFactory>> operators() {
  const auto tumbling = TumblingEventTimeWindows::of(10ms);
  const auto twenty = setup_of(TumblingEventTimeWindows::of(20ms));
  const auto sliding = SlidingEventTimeWindows::of(10ms, 5ms);
  const auto shifted = SlidingEventTimeWindows::of(10ms, 3ms, 1ms);
  const auto gaps = SlidingEventTimeWindows::of(3ms, 10ms);
  const auto session = EventTimeSessionWindows::with_gap(10ms);
  const auto global = setup_of(GlobalWindows::create());
  const auto continuous = ContinuousEventTimeTrigger::of(5ms);
  const auto last = setup_of(tumbling).with_evictor(CountEvictor::of(2));
  const auto within = setup_of(tumbling).with_evictor(TimeEvictor::of(3ms));
  auto last_after = late(tumbling, 10).with_evictor(CountEvictor::of(2, Evict::kAfter));
  auto within_late = late(tumbling, 10).with_evictor(TimeEvictor::of(3ms));
  auto continuous_late = twenty.with_trigger(continuous);
  continuous_late.lateness = 10;
  auto count_late = setup_of(tumbling).with_trigger(CountTrigger::of(2));
  count_late.lateness = 5;
  using Timeout = ProcessingTimeoutTrigger<CountTrigger>;
  const auto three = CountTrigger::of(3);
  const std::vector<OperatorFactory> sliding_sums = {sum(sliding), plain_sum(sliding),
                                                     merging_sum(sliding), sum(late(sliding, 0))};
  return {
      {"tumbling 10", {sum(tumbling), sum(late(tumbling, 0)), plain_sum(tumbling)}},
      {"tumbling 10 offset 3", {sum(TumblingEventTimeWindows::of(10ms, 3ms))}},
      {"tumbling 10, lateness 5", {sum(late(tumbling, 5))}},
      {"sliding 10 5", sliding_sums},
      {"sliding 10 5, out of order", sliding_sums},
      {"sliding 10 3 offset 1", {sum(shifted), plain_sum(shifted)}},
      {"sliding 3 10", {sum(gaps), plain_sum(gaps)}},
      {"sliding 10 5, lateness 7", {sum(late(sliding, 7))}},
      {"sliding 10 5, list", {list(sliding)}},
      {"session 10", {sum(session)}},
      {"session 10, touching", {sum(session)}},
      {"session 10, out of order", {sum(session), merging_sum(session)}},
      {"session 10, lateness 5", {sum(late(session, 5))}},
      // Which part of a merged session comes first depends on hash codes in Flink.
      {"session 10, sorted list",
       {make_window_process<Record>(&Record::key, session, ShowAll<true>())}},
      {"session by value", {sum(EventTimeSessionWindows::with_dynamic_gap(kGap))}},
      {"session 10, count 3", {sum(setup_of(session).with_trigger(CountTrigger::of(3)))}},
      {"session 10, purging count 2",
       {sum(
           setup_of(session).with_trigger(PurgingTrigger<CountTrigger>::of(CountTrigger::of(2))))}},
      {"session 10, continuous 4",
       {sum(setup_of(session).with_trigger(ContinuousEventTimeTrigger::of(4ms)))}},
      {"tumbling 20, continuous 5", {sum(twenty.with_trigger(continuous))}},
      {"tumbling 20, purging continuous 5",
       {sum(twenty.with_trigger(PurgingTrigger<ContinuousEventTimeTrigger>::of(continuous)))}},
      {"tumbling 20, continuous 5, lateness 10", {sum(continuous_late)}},
      {"tumbling 10, count 2", {sum(setup_of(tumbling).with_trigger(CountTrigger::of(2)))}},
      {"tumbling 10, count 2, lateness 5", {sum(count_late)}},
      {"tumbling 10, processing time trigger",
       {sum(setup_of(tumbling).with_trigger(ProcessingTimeTrigger::create()))}},
      {"tumbling 10, last 2, list", {list(last)}},
      {"tumbling 10, last 2 after, lateness 10, list", {list(last_after)}},
      {"tumbling 10, within 3", {sum(within)}},
      {"tumbling 10, within 3, lateness 10, list", {list(within_late)}},
      {"tumbling 10, delta evictor 2, list",
       {list(setup_of(tumbling).with_evictor(delta_evictor(2, kDelta)))}},
      {"tumbling processing 10", {sum(TumblingProcessingTimeWindows::of(10ms))}},
      {"tumbling processing 10 offset 3", {sum(TumblingProcessingTimeWindows::of(10ms, 3ms))}},
      {"sliding processing 10 5", {sum(SlidingProcessingTimeWindows::of(10ms, 5ms))}},
      {"session processing 10", {sum(ProcessingTimeSessionWindows::with_gap(10ms))}},
      {"tumbling processing 20, continuous processing 5",
       {sum(setup_of(TumblingProcessingTimeWindows::of(20ms))
                .with_trigger(ContinuousProcessingTimeTrigger::of(5ms)))}},
      {"global, count 2", {sum(global.with_trigger(CountTrigger::of(2)))}},
      {"global, delta 2", {sum(global.with_trigger(delta_trigger<Record>(2, kDelta)))}},
      {"global, end of input", {sum(global.with_trigger(EventTimeTrigger::create()))}},
      {"global, count 3 or timeout 5", {sum(global.with_trigger(Timeout::of(three, 5ms)))}},
      {"global, count 3 or timeout 5 after the last record",
       {sum(global.with_trigger(Timeout::of(three, 5ms, true, true)))}},
      {"global, count 3 or timeout 5, kept",
       {sum(global.with_trigger(Timeout::of(three, 5ms, false, false)))}},
      {"tumbling 10, end or timeout 5, purging",
       {sum(setup_of(tumbling).with_trigger(
           ProcessingTimeoutTrigger<PurgingTrigger<EventTimeTrigger>>::of(
               PurgingTrigger<EventTimeTrigger>::of(EventTimeTrigger::create()), 5ms)))}},
      {"count 3",
       {sum(global.with_trigger(PurgingTrigger<CountTrigger>::of(CountTrigger::of(3))))}},
      {"count 3 slide 2, list",
       {list(global.with_trigger(CountTrigger::of(2)).with_evictor(CountEvictor::of(3)))}},
  };
}

struct Step {
  std::string text;
  Lines expected;
};
struct Case {
  std::string name;
  std::vector<Step> steps;
  std::string late;
};

std::vector<Case> read_cases() {
  std::ifstream file(source_dir() + "/src/operators/window_cases.txt");
  std::vector<Case> cases;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line.starts_with('#')) continue;
    if (line.starts_with("case ")) cases.push_back({line.substr(5), {}, ""});
    else if (line.starts_with("> late ")) cases.back().late = line.substr(7);
    else if (line.starts_with("> ")) cases.back().steps.back().expected.push_back(line.substr(2));
    else cases.back().steps.push_back({line, {}});
  }
  return cases;
}

/// A record, watermark or time of a step.
struct Parsed {
  std::string what;
  std::unique_ptr<BatchOf<Record>> batch;
  int64_t time = 0;
};
Parsed parse(const std::string& text) {
  std::istringstream words(text);
  Parsed parsed;
  std::string at;
  int64_t number = 0;
  words >> parsed.what >> number;
  if (words >> at) {
    parsed.batch = std::make_unique<BatchOf<Record>>();
    parsed.batch->add({parsed.what, number}, std::stoll(at.substr(1)));
  }
  parsed.time = number;
  return parsed;
}

Lines sorted(Lines lines) {
  std::sort(lines.begin(), lines.end());
  return lines;
}

TEST(WindowCases, EmitWhatFlinkEmits) {
  const auto known = operators();
  const std::vector<Case> cases = read_cases();
  ASSERT_EQ(cases.size(), known.size());
  for (const Case& each : cases) {
    ASSERT_TRUE(known.contains(each.name)) << each.name;
    for (size_t variant = 0; variant < known.at(each.name).size(); ++variant) {
      SCOPED_TRACE("case " + each.name + ", operator " + std::to_string(variant));
      OperatorHarness harness(known.at(each.name)[variant](), show_batch_of<std::string>());
      ASSERT_TRUE(harness.open().ok());
      for (const Step& step : each.steps) {
        const Parsed parsed = parse(step.text);
        if (parsed.batch) harness.process(*parsed.batch);
        else if (parsed.what == "wm") harness.watermark_to_the_end(parsed.time);
        else harness.processing_time_to_the_end(parsed.time);
        ASSERT_EQ(sorted(harness.take_output()), step.expected) << "after " << step.text;
      }
      ASSERT_TRUE(harness.failure().ok()) << harness.failure().message();
      EXPECT_EQ(std::to_string(harness.metrics().counter("numLateRecordsDropped").count()),
                each.late);
    }
  }
}

TEST(WindowCases, EmitTheSameAfterEveryRestoreAtEveryParallelism) {
  const auto known = operators();
  for (const Case& each : read_cases()) {
    for (const OperatorFactory& factory : known.at(each.name)) {
      OperatorScenario scenario(factory, show_batch_of<std::string>());
      scenario.any_order().keyed_by(
          std::make_shared<TypedKeyHasher<Record, KeyOfRecord>>(&Record::key));
      for (const Step& step : each.steps) {
        Parsed parsed = parse(step.text);
        if (parsed.batch) scenario.records(std::move(parsed.batch));
        else if (parsed.what == "wm") scenario.watermark(parsed.time);
        else scenario.processing_time(parsed.time);
      }
      EXPECT_EQ(scenario.check(), "") << each.name;
    }
  }
}

}  // namespace
}  // namespace weir::detail
