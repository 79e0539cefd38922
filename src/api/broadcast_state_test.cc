// Streams that are connected to a broadcast stream.

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <string>

#include "weir/testing.h"
#include "weir/weir.h"

namespace weir {
namespace {

using Text = std::string;
using Texts = std::vector<TestRecord<Text>>;

/// "name=limit" sets a rule, "name" removes it, "" removes all.
const MapStateDescriptor<Text, int64_t> kRules{"rules"};
/// How often each rule was set.
const MapStateDescriptor<Text, int64_t> kChanges{"changes"};

template <class Context>
void apply_rule(const Text& rule, Context& context) {
  auto rules = context.broadcast_state(kRules);
  const size_t split = rule.find('=');
  if (rule.empty()) return rules.clear();
  if (split == Text::npos) return rules.remove(rule);
  rules.put(rule.substr(0, split), std::stoll(rule.substr(split + 1)));
  ++context.broadcast_state(kChanges).mutable_value(rule.substr(0, split));
}

/// Names the rules that a number exceeds.
struct Above final : BroadcastProcessFunction<int64_t, Text, Text> {
  void open(RuntimeContext& context) override { opened_ = context.operator_name(); }
  void process_element(const int64_t& number, ReadOnlyContext& context,
                       Collector<Text>& out) override {
    const auto rules = context.broadcast_state(kRules);
    Text names;
    for (const auto& [name, limit] : rules.entries()) {
      if (number > limit) names += " " + name;
    }
    out.collect(std::to_string(number) + ":" + names);
    if (rules.is_empty()) context.output(OutputTag<int64_t>("without rules"), number);
  }
  void process_broadcast_element(const Text& rule, Context& context,
                                 Collector<Text>& out) override {
    if (rule == "throw") throw std::runtime_error("a bad rule");
    apply_rule(rule, context);
    if (rule.starts_with("say ")) out.collect(opened_ + rule);
  }

 private:
  Text opened_;
};

DataStream<Text> above(const DataStream<int64_t>& numbers, const DataStream<Text>& rules) {
  return numbers.connect(rules.broadcast(kRules, kChanges)).process(Above{}).uid("above");
}
using Harness = TwoStreamTestHarness<int64_t, Text, Text>;

TEST(BroadcastState, EverySubtaskProcessesRecordsByTheRulesSoFar) {
  for (const int parallelism : {1, 3}) {
    Harness harness(above, {.parallelism = parallelism});
    harness.element1(5, 10);
    harness.element2("a=3");
    harness.element2("b=4");
    for (int i = 0; i < parallelism; ++i) harness.element1(4, 20);
    harness.element2("a");
    for (int i = 0; i < parallelism; ++i) harness.element1(5, 30);
    Texts expected{{"5:", 10}};
    expected.insert(expected.end(), static_cast<size_t>(parallelism), {"4: a", 20});
    expected.insert(expected.end(), static_cast<size_t>(parallelism), {"5: b", 30});
    EXPECT_EQ(harness.take_output(), expected);
    EXPECT_EQ(harness.take_side_output(OutputTag<int64_t>("without rules")),
              (std::vector<TestRecord<int64_t>>{{5, 10}}));
  }
}

TEST(BroadcastState, EverySubtaskMayEmitForABroadcastRecord) {
  Harness harness(above, {.parallelism = 3});
  harness.element2("say =7", 9);
  EXPECT_EQ(harness.take_output(),
            (Texts{{"processsay =7", 9}, {"processsay =7", 9}, {"processsay =7", 9}}));
}

TEST(BroadcastState, IsRestoredAtAnyParallelism) {
  for (const int before : {1, 3, 5}) {
    for (const int after : {1, 2, 5, 7}) {
      Harness harness(above, {.parallelism = before});
      harness.element2("a=" + std::to_string(std::numeric_limits<int64_t>::min()));
      harness.element2("\xff\x00 name=1");
      const TestSnapshot snapshot = harness.snapshot();
      harness.element2("");  // lost with the failure
      harness.restore(snapshot, after);
      ASSERT_TRUE(harness.status().ok()) << harness.status().to_string();
      for (int i = 0; i < after; ++i) harness.element1(0);
      EXPECT_EQ(harness.take_output(), Texts(static_cast<size_t>(after), {"0: a", kNoTimestamp}));
    }
  }
}

TEST(BroadcastState, AnEmptyStateIsRestoredEmpty) {
  Harness harness(above, {.parallelism = 2});
  harness.element2("a=1");
  harness.element2("");
  const TestSnapshot snapshot = harness.snapshot();
  harness.restore(snapshot, 1);
  harness.element1(9);
  EXPECT_EQ(harness.take_output(), (Texts{{"9:", kNoTimestamp}}));
}

TEST(BroadcastState, AnExceptionOfEitherCallIsTheCallers) {
  Harness harness(above);
  EXPECT_THROW(harness.element2("throw"), std::runtime_error);
}

struct UsesAnother final : BroadcastProcessFunction<int64_t, Text, Text> {
  explicit UsesAnother(MapStateDescriptor<Text, Text> descriptor)
      : descriptor_(std::move(descriptor)) {}
  void process_element(const int64_t&, ReadOnlyContext& context, Collector<Text>&) override {
    (void)context.broadcast_state(descriptor_);
  }
  void process_broadcast_element(const Text&, Context&, Collector<Text>&) override {}

 private:
  MapStateDescriptor<Text, Text> descriptor_;
};

TEST(BroadcastState, AStateThatBroadcastDidNotGetIsNamed) {
  for (const auto& [name, said] : std::map<Text, Text>{
           {"other",
            "broadcast state 'other' is used but not declared: give its descriptor to "
            "broadcast()"},
           {"rules", "operator state 'rules' is used with two different types"}}) {
    Harness harness(
        [&, &name = name](const DataStream<int64_t>& numbers, const DataStream<Text>& rules) {
          return numbers.connect(rules.broadcast(kRules)).process(UsesAnother({name}));
        });
    try {
      harness.element1(1);
      ADD_FAILURE() << name << " was found";
    } catch (const std::invalid_argument& error) { EXPECT_EQ(error.what(), said); }
  }
}

TEST(BroadcastState, AnEmptyNameIsRefusedWithTheGraph) {
  Harness harness([&](const DataStream<int64_t>& numbers, const DataStream<Text>& rules) {
    return numbers.connect(rules.broadcast(MapStateDescriptor<Text, Text>{""}))
        .process(UsesAnother({""}));
  });
  EXPECT_NE(harness.status().to_string().find("a descriptor with an empty name"), Text::npos)
      << harness.status().to_string();
}

/// Sums numbers by their last digit, up to the limit of the rule "limit". A timer emits the sum.
/// The rule "add=n" adds n to all sums.
struct Sums final : KeyedBroadcastProcessFunction<int64_t, int64_t, Text, Text> {
  void open(RuntimeContext& context) override { sum_ = context.state(kSum); }
  void process_element(const int64_t& number, ReadOnlyContext& context,
                       Collector<Text>& out) override {
    const int64_t* limit = context.broadcast_state(kRules).get("limit");
    sum_.update(sum_.value_or(0) + number);
    if (limit != nullptr && *sum_.value() > *limit)
      out.collect(std::to_string(context.current_key()) + " exceeds " + std::to_string(*limit));
    context.timer_service().register_event_time_timer(context.timestamp() + 10);
  }
  void process_broadcast_element(const Text& rule, Context& context,
                                 Collector<Text>& out) override {
    if (rule == "use state") return sum_.update(1);
    if (rule == "undeclared") {
      context.apply_to_keyed_state(ValueStateDescriptor<int64_t>{"none"},
                                   [](int64_t, ValueState<int64_t>) {});
    }
    if (!rule.starts_with("add=")) return apply_rule(rule, context);
    int64_t keys = 0;
    context.apply_to_keyed_state(kSum, [&](int64_t key, ValueState<int64_t> sum) {
      ++keys;
      if (key == 9) sum.clear();
      else sum.mutable_value() += std::stoll(rule.substr(4));
    });
    out.collect("added to " + std::to_string(keys) + " at " +
                std::to_string(context.current_watermark()));
  }
  void on_timer(Timestamp timestamp, OnTimerContext& context, Collector<Text>& out) override {
    const bool limited = context.broadcast_state(kRules).contains("limit");
    out.collect(std::to_string(context.current_key()) + " has " +
                std::to_string(sum_.value_or(-1)) + (limited ? " limited" : "") + " at " +
                std::to_string(timestamp));
  }

  static const ValueStateDescriptor<int64_t> kSum;

 private:
  ValueState<int64_t> sum_;
};
const ValueStateDescriptor<int64_t> Sums::kSum{"sum"};

int64_t last_digit(const int64_t& number) { return number % 10; }

DataStream<Text> sums(const DataStream<int64_t>& numbers, const DataStream<Text>& rules) {
  return numbers.key_by(&last_digit)
      .connect(rules.broadcast(kRules, kChanges))
      .process(Sums{})
      .uid("sums");
}
std::vector<Text> values(Harness& harness) {
  std::vector<Text> all;
  for (auto& record : harness.take_output()) all.push_back(std::move(record.value));
  std::sort(all.begin(), all.end());
  return all;
}

TEST(KeyedBroadcastState, KeyedStateAndTimersSeeTheRules) {
  for (const int parallelism : {1, 4}) {
    Harness harness(sums, {.parallelism = parallelism});
    harness.element1(41, 100);
    harness.element2("limit=50");
    harness.element1(11, 101);
    harness.element1(2, 102);
    EXPECT_EQ(values(harness), (std::vector<Text>{"1 exceeds 50"}));
    harness.watermark1(110);
    EXPECT_EQ(values(harness), std::vector<Text>()) << "the broadcast input is behind";
    harness.watermark2(111);
    EXPECT_EQ(values(harness), (std::vector<Text>{"1 has 52 limited at 110"}));
  }
}

TEST(KeyedBroadcastState, ABroadcastRecordReachesAllKeys) {
  Harness harness(sums, {.parallelism = 1});
  for (const int64_t number : {1, 2, 9}) harness.element1(number, 100);
  harness.watermark(50);
  harness.element2("add=1000");
  EXPECT_EQ(values(harness), (std::vector<Text>{"added to 3 at 50"}));
  harness.element2("add=1000");
  EXPECT_EQ(values(harness), (std::vector<Text>{"added to 2 at 50"})) << "9 was cleared";
  harness.watermark(200);
  EXPECT_EQ(values(harness),
            (std::vector<Text>{"1 has 2001 at 110", "2 has 2002 at 110", "9 has -1 at 110"}));
}

TEST(KeyedBroadcastState, BothKindsOfStateAreRestoredAtAnyParallelism) {
  for (const int after : {1, 2, 5}) {
    Harness harness(sums, {.parallelism = 3});
    harness.element2("limit=5");
    for (int64_t key = 0; key < 9; ++key) harness.element1(key + 10, 100);
    (void)harness.take_output();
    const TestSnapshot snapshot = harness.snapshot();
    harness.element2("");
    harness.restore(snapshot, after);
    ASSERT_TRUE(harness.status().ok()) << harness.status().to_string();
    harness.watermark(1000);
    std::vector<Text> expected;
    for (int64_t key = 0; key < 9; ++key) {
      expected.push_back(std::to_string(key) + " has " + std::to_string(key + 10) +
                         " limited at 110");
    }
    EXPECT_EQ(values(harness), expected);
  }
}

TEST(KeyedBroadcastState, ABroadcastRecordHasNoKey) {
  Harness harness(sums);
  harness.element1(1, 1);
  EXPECT_THROW(harness.element2("use state"), std::logic_error);
}
TEST(KeyedBroadcastState, AStateThatOpenDidNotDeclareIsNamed) {
  Harness harness(sums);
  try {
    harness.element2("undeclared");
    ADD_FAILURE();
  } catch (const std::invalid_argument& error) {
    EXPECT_EQ(Text(error.what()),
              "state 'none' is used for all keys but not declared: declare it in open()");
  }
}

}  // namespace
}  // namespace weir
