// States with a time to live return what Flink's return: ttl_cases.txt.

#include <gtest/gtest.h>

#include <sstream>

#include "api/testing/flink_cases.h"
#include "base/strings.h"
#include "weir/testing.h"
#include "weir/weir.h"

namespace weir {
namespace {

using namespace std::chrono_literals;
using Text = std::string;
using Lines = std::vector<Text>;
using Results = Collector<Text>;

struct Sum {
  using Accumulator = int64_t;
  Accumulator create_accumulator() const { return 0; }
  void add(int64_t value, Accumulator& sum) const { sum += value; }
  Text get_result(const Accumulator& sum) const { return cat("sum ", sum); }
};

/// A call of a state: "KEY CALL ARGUMENTS".
struct Call {
  explicit Call(const Text& step) {
    std::istringstream in(step);
    for (Text word; in >> word;) words.push_back(word);
  }
  bool is(const char* name) const { return words[1] == name; }
  const Text& text() const { return words.at(2); }
  int64_t number(size_t i = 2) const { return std::stoll(words.at(i)); }
  Lines words;
};

/// Makes the calls of one kind of state. `name`: of the case.
struct Apply : KeyedProcessFunction<Text, Text, Text> {
  explicit Apply(Text case_name) : name(std::move(case_name)) {}

  bool has(const char* setting) const { return name.find(cat(", ", setting)) != Text::npos; }
  template <class Descriptor>
  auto state_of(RuntimeContext& context, const Descriptor& descriptor) const {
    StateTtlConfig config(100ms);
    if (has("read and write")) config.update_ttl_on_read_and_write();
    if (has("returned")) config.return_expired_if_not_cleaned_up();
    if (has("in snapshots")) config.cleanup_full_snapshot();
    if (has("foreground")) config.disable_cleanup_in_background();
    return has("disabled") ? context.state(descriptor)
                           : context.state(descriptor.enable_time_to_live(config));
  }
  void process_element(const Text& step, Context&, Results& out) override { call(Call(step), out); }
  virtual void call(const Call& call, Results& out) = 0;

  const Text name;
};

template <class V>
void show(const V& value, Results& out) {
  out.collect(value ? cat(*value) : Text("nothing"));
}
void show_all(const Text& all, Results& out) {
  out.collect(all.empty() ? Text("nothing") : all.substr(1));
}

struct ApplyValue final : Apply {
  using Apply::Apply;
  void open(RuntimeContext& context) override {
    state = state_of(context, ValueStateDescriptor<int64_t>{"s"});
  }
  void call(const Call& call, Results& out) override {
    if (call.is("get")) show(state.value(), out);
    if (call.is("update")) state.update(call.number());
    if (call.is("clear")) state.clear();
  }
  ValueState<int64_t> state;
};

struct ApplyList final : Apply {
  using Apply::Apply;
  void open(RuntimeContext& context) override {
    state = state_of(context, ListStateDescriptor<int64_t>{"s"});
  }
  void call(const Call& call, Results& out) override {
    if (call.is("get")) {
      Text all;
      for (const int64_t each : state.get()) all += cat(' ', each);
      show_all(all, out);
    }
    if (call.is("add")) state.add(call.number());
    if (call.is("add_all")) state.add_all({call.number(), call.number(3)});
    if (call.is("update")) state.update({call.number(), call.number(3)});
    if (call.is("clear")) state.clear();
  }
  ListState<int64_t> state;
};

struct ApplyMap final : Apply {
  using Apply::Apply;
  void open(RuntimeContext& context) override {
    state = state_of(context, MapStateDescriptor<Text, int64_t>{"s"});
  }
  void call(const Call& call, Results& out) override {
    if (call.is("get")) show(state.get(call.text()), out);
    if (call.is("contains")) out.collect(state.contains(call.text()) ? "yes" : "no");
    if (call.is("entries")) {
      Text all;
      for (const auto& [key, value] : state.entries()) all += cat(' ', key, '=', value);
      show_all(all, out);
    }
    if (call.is("put")) state.put(call.text(), call.number(3));
    if (call.is("remove")) state.remove(call.text());
    if (call.is("clear")) state.clear();
  }
  MapState<Text, int64_t> state;
};

template <class Descriptor>
struct ApplyCombining final : Apply {
  ApplyCombining(Text name, Descriptor given)
      : Apply(std::move(name)), descriptor(std::move(given)) {}
  void open(RuntimeContext& context) override { state = state_of(context, descriptor); }
  void call(const Call& call, Results& out) override {
    if (call.is("get")) show(state.get(), out);
    if (call.is("add")) state.add(call.number());
    if (call.is("clear")) state.clear();
  }
  const Descriptor descriptor;
  decltype(std::declval<RuntimeContext&>().state(std::declval<Descriptor>())) state;
};

using Harness = StreamTestHarness<Text, Text>;
std::unique_ptr<Harness> harness_of(const Text& name) {
  const auto of = [](auto function) {
    return std::make_unique<Harness>([&](const DataStream<Text>& steps) {
      return steps.key_by([](const Text& step) { return step.substr(0, 1); }).process(function);
    });
  };
  if (name.starts_with("value")) return of(ApplyValue(name));
  if (name.starts_with("list")) return of(ApplyList(name));
  if (name.starts_with("map")) return of(ApplyMap(name));
  if (name.starts_with("reducing")) {
    return of(ApplyCombining(name, ReducingStateDescriptor<int64_t>{"s", std::plus<int64_t>()}));
  }
  return of(ApplyCombining(name, AggregatingStateDescriptor<Sum>{"s", Sum()}));
}

/// The lines of a case as weir computes them. `restores`: also before each step, on two subtasks
/// and on one in turn.
Lines run(const FlinkCase& each, bool restores) {
  Lines lines;
  const auto harness = harness_of(each.name);
  for (size_t i = 0; i < each.steps.size(); ++i) {
    const Text& step = each.steps[i];
    if (restores || step == "restore")
      harness->restore(harness->snapshot(), restores ? 1 + i % 2 : 1);
    lines.push_back(step);
    if (step.starts_with("now ")) harness->processing_time(std::stoll(step.substr(4)));
    else if (step != "restore") harness->element(step);
    for (const Text& result : harness->take_values()) lines.push_back(cat("> ", result));
  }
  EXPECT_TRUE(harness->status().ok()) << harness->status().to_string();
  return lines;
}

/// Names the first line that differs.
void expect_same(const FlinkCase& each, const Lines& lines) {
  ASSERT_EQ(lines.size(), each.expected.size()) << "case " << each.name;
  for (size_t i = 0; i < lines.size(); ++i) {
    ASSERT_EQ(lines[i], each.expected[i])
        << "case " << each.name << ", after " << i << " lines, the last of them '"
        << (i > 0 ? lines[i - 1] : "") << "'";
  }
}

TEST(TtlCases, ReturnWhatFlinkReturns) {
  const std::vector<FlinkCase> all = read_flink_cases("ttl_cases.txt");
  ASSERT_EQ(all.size(), 35u);
  for (const FlinkCase& each : all) expect_same(each, run(each, false));
}

TEST(TtlCases, ReturnTheSameAfterEveryRestoreAtEveryParallelism) {
  for (const FlinkCase& each : read_flink_cases("ttl_cases.txt")) {
    // An expired value that was returned is removed by the next call, so it may be in a snapshot.
    if (each.name.find("returned") != Text::npos) continue;
    expect_same(each, run(each, true));
  }
}

}  // namespace
}  // namespace weir
