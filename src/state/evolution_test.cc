// State of older types, read as those that the program declares.

#include <gtest/gtest.h>

#include "state/ttl_backend_test.h"

namespace weir::detail {
namespace {

struct Old {
  int32_t count = 0;
  std::string unit;
  WEIR_FIELDS(Old, count, unit)
};
struct New {
  bool checked = true;
  int64_t total = 0;
  WEIR_FIELDS(New, checked, WEIR_FORMERLY(total, count))
  bool operator==(const New&) const = default;
};
std::ostream& operator<<(std::ostream& out, const New& value) {
  return out << value.checked << ' ' << value.total;
}

struct OldMean {
  using Accumulator = Old;
  Accumulator create_accumulator() const { return {}; }
  void add(int value, Accumulator& sum) const { sum.count += value; }
  int get_result(const Accumulator& sum) const { return sum.count; }
};
struct NewMean {
  using Accumulator = New;
  Accumulator create_accumulator() const { return {}; }
  void add(int value, Accumulator& sum) const { sum.total += value; }
  int64_t get_result(const Accumulator& sum) const { return sum.total; }
};

/// The snapshot of states of a type, each with something for "key".
struct OldStates {
  TtlBackend backend;
  ValueState<Old> value = backend.states.state(ValueStateDescriptor<Old>{"value"});
  ListState<Old> list = backend.states.state(ListStateDescriptor<Old>{"list"});
  MapState<int32_t, Old> map = backend.states.state(MapStateDescriptor<int32_t, Old>{"map"});
  ReducingState<Old> reduced = backend.states.state(ReducingStateDescriptor<Old>{
      "reduced", [](const Old& a, const Old& b) { return Old{a.count + b.count, b.unit}; }});
  AggregatingState<OldMean> mean =
      backend.states.state(AggregatingStateDescriptor<OldMean>{"mean"});

  OldStates() {
    backend.at("key");
    value.update({1, "m"});
    list.update({{2, "m"}, {3, "km"}, {4, ""}});
    map.put(7, {5, "m"});
    map.put(8, {6, "m"});
    reduced.add({7, "m"});
    mean.add(8);
  }
  std::vector<KeyedStateInfo> infos() {
    return backend.infos({"value", "list", "map", "reduced", "mean"});
  }
};
struct NewStates {
  TtlBackend backend;
  ValueState<New> value = backend.states.state(ValueStateDescriptor<New>{"value"});
  ListState<New> list = backend.states.state(ListStateDescriptor<New>{"list"});
  MapState<int32_t, New> map = backend.states.state(MapStateDescriptor<int32_t, New>{"map"});
  ReducingState<New> reduced = backend.states.state(ReducingStateDescriptor<New>{
      "reduced", [](const New& a, const New& b) { return New{true, a.total + b.total}; }});
  AggregatingState<NewMean> mean =
      backend.states.state(AggregatingStateDescriptor<NewMean>{"mean"});
};

TEST(Evolution, EveryKindOfStateIsConverted) {
  OldStates old;
  NewStates states;
  const Status status = states.backend.restore(old.infos(), old.backend.snapshot());
  ASSERT_TRUE(status.ok()) << status.to_string();
  states.backend.at("key");
  EXPECT_EQ(*states.value.value(), (New{true, 1}));
  EXPECT_EQ(states.list.get(), (std::vector<New>{{true, 2}, {true, 3}, {true, 4}}));
  EXPECT_EQ(contents(states.map), (std::map<int32_t, New>{{7, {true, 5}}, {8, {true, 6}}}));
  EXPECT_EQ(*states.reduced.get(), (New{true, 7}));
  EXPECT_EQ(states.mean.get(), 8);
}

TEST(Evolution, AStateMayGetOrLoseItsTimeToLiveAtTheSameTime) {
  for (const bool before : {false, true}) {
    TtlBackend old;
    old.context.now_ms = 1000;
    const ListStateDescriptor<Old> descriptor{"list"};
    auto list = before ? old.states.state(descriptor.enable_time_to_live(ttl_of(50)))
                       : old.states.state(descriptor);
    old.at("key");
    list.update({{2, "m"}, {3, "km"}});

    TtlBackend now;
    now.context.now_ms = 1010;
    const ListStateDescriptor<New> new_descriptor{"list"};
    auto restored = before ? now.states.state(new_descriptor)
                           : now.states.state(new_descriptor.enable_time_to_live(ttl_of(50)));
    const Status status = now.restore(old.infos({"list"}), old.snapshot());
    ASSERT_TRUE(status.ok()) << status.to_string();
    now.at("key");
    EXPECT_EQ(restored.get(), (std::vector<New>{{true, 2}, {true, 3}})) << before;
  }
}

TEST(Evolution, ValuesWithATimeToLiveKeepTheTimeOfTheirLastAccess) {
  TtlBackend old;
  old.context.now_ms = 1000;
  auto map =
      old.states.state(MapStateDescriptor<int32_t, Old>{"map"}.enable_time_to_live(ttl_of(50)));
  old.at("key");
  map.put(1, {2, "m"});
  old.at_time(1030);
  map.put(2, {3, "m"});

  TtlBackend now;
  now.context.now_ms = 1060;
  auto restored =
      now.states.state(MapStateDescriptor<int32_t, New>{"map"}.enable_time_to_live(ttl_of(50)));
  const Status status = now.restore(old.infos({"map"}), old.snapshot());
  ASSERT_TRUE(status.ok()) << status.to_string();
  now.at("key");
  EXPECT_EQ(contents(restored), (std::map<int32_t, New>{{2, {true, 3}}}));
}

TEST(Evolution, RefusalsNameTheFieldAndBothTypes) {
  NewStates stored;
  stored.backend.at("key");
  stored.value.update({true, 1});
  TtlBackend old;
  (void)old.states.state(ValueStateDescriptor<Old>{"value"});
  const Status status = old.restore(stored.backend.infos({"value"}), {});
  EXPECT_EQ(status.message(),
            "cannot restore state 'value' of operator 'op': it is stored as struct New{checked: "
            "bool, total: int64}, the program declares struct Old{count: int32, unit: string} "
            "(no stored field has the name of a declared one); restore with the types it was "
            "written with, write a weir::Migration for values of the old type, or give the "
            "operator a new uid to start without its state");
}

TEST(Evolution, KeysAreNeverConverted) {
  TtlBackend old;
  auto map = old.states.state(MapStateDescriptor<int32_t, Old>{"map"});
  old.at("key");
  map.put(1, {});
  TtlBackend now;
  (void)now.states.state(MapStateDescriptor<int64_t, Old>{"map"});
  const Status status = now.restore(old.infos({"map"}), old.snapshot());
  EXPECT_NE(status.message().find("keys: stored as int32, declared as int64"), std::string::npos)
      << status.message();
}

}  // namespace
}  // namespace weir::detail
