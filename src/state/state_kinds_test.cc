// What a state of each kind keeps for a key.

#include "state/keyed_backend_test.h"

namespace weir::detail {
namespace {

std::string thrown_by(const std::function<void()>& access) {
  try {
    access();
  } catch (const std::logic_error& e) { return e.what(); }
  return "nothing";
}

TEST(KeyedBackend, AccessWithoutAKeyThrows) {
  Backend backend;
  auto value = backend.states.state(ValueStateDescriptor<int64_t>{"v"});
  auto list = backend.states.state(ListStateDescriptor<int64_t>{"l"});
  auto map = backend.states.state(MapStateDescriptor<int64_t, int64_t>{"m"});
  const std::vector<std::function<void()>> accesses = {
      [&] { (void)value.value(); }, [&] { value.update(1); },  [&] { value.mutable_value() += 1; },
      [&] { value.clear(); },       [&] { (void)list.get(); }, [&] { list.add(1); },
      [&] { (void)map.get(1); },    [&] { map.put(1, 1); },
  };
  const auto expect_all_throw = [&] {
    for (const auto& access : accesses)
      EXPECT_NE(thrown_by(access).find("is used where there is no key"), std::string::npos);
  };
  expect_all_throw();
  backend.at("a");
  for (const auto& access : accesses) EXPECT_EQ(thrown_by(access), "nothing");
  backend.states.clear_current_key();
  expect_all_throw();
}

TEST(KeyedBackend, UninitializedHandleThrows) {
  ValueState<int64_t> value;
  ListState<int64_t> list;
  MapState<int64_t, int64_t> map;
  for (int i = 0; i < 2; ++i) {
    for (const auto& access : std::vector<std::function<void()>>{
             [&] { (void)value.value(); }, [&] { value.update(1); }, [&] { value.clear(); },
             [&] { list.add(1); }, [&] { map.put(1, 1); }})
      EXPECT_NE(thrown_by(access).find("never got"), std::string::npos);
  }
}

TEST(ValueState, IsKeptByKey) {
  Backend backend;
  auto count = backend.states.state(ValueStateDescriptor<int64_t>{"count"});
  backend.at("a");
  EXPECT_EQ(count.value(), nullptr);
  EXPECT_EQ(count.value_or(9), 9);
  count.update(1);
  EXPECT_EQ(*count.value(), 1);
  count.mutable_value() += 4;
  EXPECT_EQ(*count.value(), 5);
  backend.at("b");
  EXPECT_EQ(count.value(), nullptr);
  count.mutable_value() += 2;
  backend.at("a");
  EXPECT_EQ(*count.value(), 5);
  count.clear();
  EXPECT_EQ(count.value(), nullptr);
  count.update(7);
  EXPECT_EQ(*count.value(), 7);
  backend.at("b");
  EXPECT_EQ(*count.value(), 2);
}

TEST(ValueState, ReturnsItsDefaultUntilAValueIsStored) {
  Backend backend;
  auto limit = backend.states.state(ValueStateDescriptor<int64_t>{"limit", 10});
  backend.at("a");
  EXPECT_EQ(*limit.value(), 10);
  EXPECT_EQ(limit.mutable_value()++, 10);
  EXPECT_EQ(*limit.value(), 11);
  limit.clear();
  EXPECT_EQ(*limit.value(), 10);
}

TEST(ValueState, TwoHandlesWithOneNameShareTheState) {
  Backend backend;
  auto first = backend.states.state(ValueStateDescriptor<int64_t>{"count"});
  auto second = backend.states.state(ValueStateDescriptor<int64_t>{"count"});
  backend.at("a");
  EXPECT_EQ(second.value(), nullptr);
  first.update(3);
  EXPECT_EQ(*second.value(), 3);
  second.clear();
  EXPECT_EQ(first.value(), nullptr);
  EXPECT_THROW(backend.states.state(ValueStateDescriptor<std::string>{"count"}),
               std::invalid_argument);
  EXPECT_THROW(backend.states.state(ListStateDescriptor<int64_t>{"count"}), std::invalid_argument);
}

TEST(ListState, AddsReplacesAndClears) {
  Backend backend;
  auto list = backend.states.state(ListStateDescriptor<std::string>{"list"});
  backend.at("a");
  EXPECT_TRUE(list.get().empty());
  list.add("x");
  list.add_all({"y", "z"});
  EXPECT_EQ(list.get(), (std::vector<std::string>{"x", "y", "z"}));
  list.update({"w"});
  EXPECT_EQ(list.get(), std::vector<std::string>{"w"});
  list.update({});
  EXPECT_TRUE(list.get().empty());
  EXPECT_TRUE(backend.snapshot().empty());
}

TEST(MapState, IsOrderedByKeyAndRemovedWhenEmpty) {
  Backend backend;
  auto map = backend.states.state(MapStateDescriptor<int32_t, std::string>{"map"});
  backend.at("a");
  EXPECT_TRUE(map.is_empty());
  map.put(3, "three");
  map.put(-1, "minus one");
  map.mutable_value(2) = "two";
  EXPECT_EQ(*map.get(3), "three");
  EXPECT_EQ(map.get(4), nullptr);
  EXPECT_EQ(contents(map),
            (std::map<int32_t, std::string>{{-1, "minus one"}, {2, "two"}, {3, "three"}}));
  map.remove(3);
  EXPECT_FALSE(map.contains(3));
  map.remove(2);
  map.remove(-1);
  EXPECT_TRUE(backend.snapshot().empty());
}

TEST(ReducingState, FoldsTheValuesOfAKey) {
  Backend backend;
  auto longest = backend.states.state(ReducingStateDescriptor<std::string>{
      "longest",
      [](const std::string& a, const std::string& b) { return a.size() < b.size() ? b : a; }});
  backend.at("a");
  EXPECT_EQ(longest.get(), nullptr);
  for (const char* word : {"xx", "yyy", "z"}) longest.add(word);
  EXPECT_EQ(*longest.get(), "yyy");
  backend.at("b");
  EXPECT_EQ(longest.get(), nullptr);
  backend.at("a");
  longest.clear();
  EXPECT_EQ(longest.get(), nullptr);
  EXPECT_TRUE(backend.snapshot().empty());
}

TEST(ReducingState, ANullFunctionIsRefused) {
  Backend backend;
  EXPECT_EQ(thrown_by([&] {
              (void)backend.states.state(ReducingStateDescriptor<int64_t>{"sum", nullptr});
            }),
            "the reduce function of state 'sum' is null: give its descriptor a function");
}

TEST(AggregatingState, KeepsAnAccumulatorForAKey) {
  Backend backend;
  auto mean = backend.states.state(AggregatingStateDescriptor<Mean>{"mean"});
  backend.at("a");
  EXPECT_EQ(mean.get(), std::nullopt);
  EXPECT_THROW(mean.add(int64_t{-1}), std::runtime_error);
  EXPECT_EQ(mean.get(), std::nullopt);
  mean.add(int64_t{1});
  mean.add(int64_t{2});
  EXPECT_EQ(mean.get(), 1.5);
  backend.at("b");
  EXPECT_EQ(mean.get(), std::nullopt);
}

}  // namespace
}  // namespace weir::detail
