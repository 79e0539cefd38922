// Functions with operator state.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "weir/testing.h"
#include "weir/weir.h"

namespace weir {
namespace {

using Text = std::string;
using Texts = std::vector<TestRecord<Text>>;
using Harness = StreamTestHarness<int64_t, Text>;

std::vector<Text> values(Harness& harness) {
  std::vector<Text> all;
  for (auto& record : harness.take_output()) all.push_back(std::move(record.value));
  std::sort(all.begin(), all.end());
  return all;
}

/// Keeps numbers until a negative one comes. Knows by a union list how many there were in all
/// subtasks at the last restore, and by a broadcast state how many restores there were.
struct Hoard final : ProcessFunction<int64_t, Text>, CheckpointedFunction {
  void initialize_state(FunctionInitializationContext& context) override {
    kept_ = context.list_state(ListStateDescriptor<int64_t>{"kept"});
    counts_ = context.union_list_state(ListStateDescriptor<int64_t>{"counts"});
    auto restores = context.broadcast_state(MapStateDescriptor<Text, int64_t>{"restores"});
    numbers_ = kept_.get();
    for (const int64_t count : counts_.get()) all_ += count;
    if (context.is_restored() != context.restored_checkpoint_id().has_value())
      throw std::logic_error("two answers");
    if (context.is_restored()) ++restores.mutable_value("n");
    else if (!restores.is_empty()) throw std::logic_error("state without a restore");
    restores_ = restores.is_empty() ? 0 : *restores.get("n");
  }
  void open(RuntimeContext&) override { opened_with_ = numbers_.size(); }
  void snapshot_state(FunctionSnapshotContext& context) override {
    if (context.checkpoint_id() <= 0) throw std::logic_error("no id");
    kept_.update(numbers_);
    counts_.update({static_cast<int64_t>(numbers_.size())});
  }
  void process_element(const int64_t& number, Context&, Collector<Text>& out) override {
    if (number >= 0) return numbers_.push_back(number);
    Text text = "all " + std::to_string(all_) + " restores " + std::to_string(restores_) +
                " opened with " + std::to_string(opened_with_) + ":";
    std::sort(numbers_.begin(), numbers_.end());
    for (const int64_t each : numbers_) text += " " + std::to_string(each);
    out.collect(text);
  }

 private:
  ListState<int64_t> kept_;
  ListState<int64_t> counts_;
  std::vector<int64_t> numbers_;
  int64_t all_ = 0;
  int64_t restores_ = 0;
  size_t opened_with_ = 0;
};

DataStream<Text> hoard(const DataStream<int64_t>& numbers) {
  return numbers.rebalance().process(Hoard{}).uid("hoard");
}

TEST(CheckpointedFunction, ListsAreRestoredAsTheirModesSay) {
  Harness harness(hoard, {.parallelism = 2});
  for (int64_t number = 0; number < 6; ++number) harness.element(number);
  const TestSnapshot snapshot = harness.snapshot();
  for (int64_t number = 6; number < 9; ++number) harness.element(number);  // lost
  harness.restore(snapshot, 3);
  ASSERT_TRUE(harness.status().ok()) << harness.status().to_string();
  for (int i = 0; i < 3; ++i) harness.element(-1);
  EXPECT_EQ(values(harness), (std::vector<Text>{"all 6 restores 1 opened with 2: 0 1",
                                                "all 6 restores 1 opened with 2: 2 3",
                                                "all 6 restores 1 opened with 2: 4 5"}));
  harness.restore(harness.snapshot(), 1);
  harness.element(-1);
  EXPECT_EQ(values(harness), (std::vector<Text>{"all 6 restores 2 opened with 6: 0 1 2 3 4 5"}));
}

/// Numbers lines, across restores.
struct Numbered : CheckpointedFunction {
  void initialize_state(FunctionInitializationContext& context) override {
    next_ = context.list_state(ListStateDescriptor<int64_t>{"next"});
    if (!next_.get().empty()) n_ = next_.get().front();
  }
  void snapshot_state(FunctionSnapshotContext&) override { next_.update({n_}); }
  Text operator()(const int64_t& number) {
    return std::to_string(++n_) + ": " + std::to_string(number);
  }

 private:
  ListState<int64_t> next_;
  int64_t n_ = 0;
};
/// Keeps every second record.
struct EverySecond : Numbered {
  bool operator()(const int64_t& number) {
    return (Numbered::operator()(number)[0] - '0') % 2 == 0;
  }
};

TEST(CheckpointedFunction, MapFlatMapAndFilterHaveState) {
  const auto flat = [](auto numbers) {
    struct Flat : Numbered {
      void operator()(const int64_t& number, Collector<Text>& out) {
        out.collect(Numbered::operator()(number));
      }
    };
    return numbers.flat_map(Flat{}).uid("it");
  };
  for (const int kind : {0, 1, 2}) {
    Harness harness([&](const DataStream<int64_t>& numbers) -> DataStream<Text> {
      if (kind == 0) return numbers.map(Numbered{}).uid("it");
      if (kind == 1) return flat(numbers);
      return numbers.filter(EverySecond{}).uid("it").map([](int64_t n) {
        return "kept " + std::to_string(n);
      });
    });
    harness.element(5);
    harness.restore(harness.snapshot());
    harness.element(6);
    harness.element(7);
    const std::vector<Text> expected =
        kind == 2 ? std::vector<Text>{"kept 6"} : std::vector<Text>{"1: 5", "2: 6", "3: 7"};
    EXPECT_EQ(values(harness), expected) << kind;
  }
}

/// A keyed function may have both kinds of state.
struct Both final : KeyedProcessFunction<int64_t, int64_t, Text>, CheckpointedFunction {
  void initialize_state(FunctionInitializationContext& context) override {
    total_ = context.list_state(ListStateDescriptor<int64_t>{"total"});
    for (const int64_t each : total_.get()) n_ += each;
  }
  void open(RuntimeContext& context) override {
    of_key_ = context.state(ValueStateDescriptor<int64_t>{"total"});
  }
  void snapshot_state(FunctionSnapshotContext&) override { total_.update({n_}); }
  void process_element(const int64_t& number, Context&, Collector<Text>& out) override {
    out.collect(std::to_string(of_key_.mutable_value() += number) + " of " +
                std::to_string(n_ += number));
  }

 private:
  ListState<int64_t> total_;
  ValueState<int64_t> of_key_;
  int64_t n_ = 0;
};

TEST(CheckpointedFunction, AKeyedFunctionMayHaveBothKindsOfState) {
  Harness harness([](const DataStream<int64_t>& numbers) {
    return numbers.key_by([](const int64_t& number) { return number % 2; })
        .process(Both{})
        .uid("both");
  });
  harness.element(1);
  harness.element(2);
  harness.restore(harness.snapshot());
  harness.element(3);
  EXPECT_EQ(values(harness), (std::vector<Text>{"1 of 1", "2 of 3", "4 of 6"}));
}

/// Declares two states that do not go together.
struct Twice final : ProcessFunction<int64_t, Text>, CheckpointedFunction {
  explicit Twice(bool other_type) : other_type_(other_type) {}
  void initialize_state(FunctionInitializationContext& context) override {
    (void)context.list_state(ListStateDescriptor<int64_t>{"x"});
    (void)context.list_state(ListStateDescriptor<int64_t>{"x"});  // the same one
    if (other_type_) (void)context.list_state(ListStateDescriptor<Text>{"x"});
    else (void)context.union_list_state(ListStateDescriptor<int64_t>{"x"});
  }
  void snapshot_state(FunctionSnapshotContext&) override {}
  void process_element(const int64_t&, Context&, Collector<Text>&) override {}

 private:
  bool other_type_;
};

TEST(CheckpointedFunction, ANameMeansOneState) {
  for (const bool other_type : {false, true}) {
    try {
      Harness harness(
          [&](const DataStream<int64_t>& numbers) { return numbers.process(Twice(other_type)); });
      ADD_FAILURE();
    } catch (const std::invalid_argument& error) {
      EXPECT_EQ(Text(error.what()),
                other_type ? "operator state 'x' is used with two different types"
                           : "operator state 'x' is declared twice, in different modes");
    }
  }
}

TEST(CheckpointedFunction, ALargeListIsRestored) {
  struct Large final : ProcessFunction<int64_t, Text>, CheckpointedFunction {
    void initialize_state(FunctionInitializationContext& context) override {
      texts = context.list_state(ListStateDescriptor<Text>{"texts"});
    }
    void snapshot_state(FunctionSnapshotContext&) override {
      if (texts.get().empty()) texts.update({"", Text(3 << 20, 'x'), Text("\0\xff", 2)});
    }
    void process_element(const int64_t&, Context&, Collector<Text>& out) override {
      for (const Text& text : texts.get()) out.collect(text);
    }
    ListState<Text> texts;
  };
  Harness harness(
      [](const DataStream<int64_t>& numbers) { return numbers.process(Large{}).uid("large"); });
  harness.restore(harness.snapshot());
  harness.element(1);
  EXPECT_EQ(values(harness), (std::vector<Text>{"", Text("\0\xff", 2), Text(3 << 20, 'x')}));
}

}  // namespace
}  // namespace weir
