#include "weir/detail/state/keyed_backend.h"

#include <gtest/gtest.h>

#include "base/strings.h"

namespace weir::detail {
namespace {

class Backend {
 public:
  explicit Backend(KeyGroupRange range = {0, 127}, int max_parallelism = 128)
      : states("op", range, max_parallelism) {}
  void at(const std::string& key) {
    key_ = key;
    states.set_current_key(key_, KeyPlacer<std::string>{states.places()}(key_));
  }
  std::map<int, std::string> snapshot() {
    auto taken = states.snapshot();
    std::map<int, std::string> groups;
    for (int group = taken->range().first; group <= taken->range().last; ++group) {
      BinaryWriter out;
      EXPECT_TRUE(taken->write_group(group, out).ok());
      if (out.size() != 0) groups[group] = out.take();
    }
    return groups;
  }
  Status restore(const std::vector<KeyedStateInfo>& infos, const std::map<int, std::string>& groups,
                 bool ignore_unclaimed = false) {
    const TypeDescription key = Serializer<std::string>::describe();
    Status status = states.begin_restore(&key, infos, ignore_unclaimed);
    for (auto group = groups.begin(); group != groups.end() && status.ok(); ++group) {
      BinaryReader in(group->second);
      status = states.read_group(group->first, in);
    }
    return status;
  }
  KeyedBackend<std::string> states;

 private:
  std::string key_;
};

template <class K, class V>
std::map<K, V> contents(const MapState<K, V>& state) {
  std::map<K, V> all;
  for (const auto& [key, value] : state.entries()) all.emplace(key, value);
  EXPECT_EQ(all.size(), state.entries().size());
  return all;
}

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

struct Mean {
  using Accumulator = std::pair<int64_t, int64_t>;
  Accumulator create_accumulator() const { return {}; }
  void add(int64_t value, Accumulator& a) const {
    if (value < 0) throw std::runtime_error("negative");
    a.first += value;
    ++a.second;
  }
  double get_result(const Accumulator& a) const {
    return static_cast<double>(a.first) / static_cast<double>(a.second);
  }
};

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

TEST(KeyedBackend, ReducingAndAggregatingStatesAreRestoredWithTheirKind) {
  const auto sum = [](int64_t a, int64_t b) { return a + b; };
  Backend before;
  auto total = before.states.state(ReducingStateDescriptor<int64_t>{"total", sum});
  auto mean = before.states.state(AggregatingStateDescriptor<Mean>{"mean"});
  for (int64_t i = 0; i < 300; ++i) {
    before.at(std::to_string(i % 50));
    total.add(i);
    mean.add(i);
  }
  const std::vector<KeyedStateInfo> infos = {before.states.find("total")->info(),
                                             before.states.find("mean")->info()};
  EXPECT_EQ(infos[0].kind, KeyedStateInfo::Kind::kReducing);
  EXPECT_EQ(infos[1].kind, KeyedStateInfo::Kind::kAggregating);
  const auto groups = before.snapshot();

  Backend after;
  auto mean2 = after.states.state(AggregatingStateDescriptor<Mean>{"mean"});
  auto total2 = after.states.state(ReducingStateDescriptor<int64_t>{"total", sum});
  ASSERT_TRUE(after.restore(infos, groups).ok());
  for (int64_t i = 0; i < 50; ++i) {
    before.at(std::to_string(i));
    after.at(std::to_string(i));
    ASSERT_EQ(*total2.get(), *total.get());
    ASSERT_EQ(mean2.get(), mean.get());
  }

  Backend value;
  (void)value.states.state(ValueStateDescriptor<int64_t>{"total"});
  EXPECT_EQ(value.restore({infos[0]}, groups).message(),
            "cannot restore state 'total' of operator 'op': it is stored as a reducing state, the "
            "program declares a value state; restore with the types it was written with, or give "
            "the operator a new uid to start without its state");
}

TEST(KeyedBackend, WritesFlinksFormat) {
  // The payload in the example of docs/formats: alice 1, bob 42, carol -7.
  Backend backend;
  auto count = backend.states.state(ValueStateDescriptor<int64_t>{"count"});
  for (const auto& [name, value] :
       {std::pair("alice", 1), std::pair("bob", 42), std::pair("carol", -7)}) {
    backend.at(name);
    count.update(value);
  }
  const auto groups = backend.snapshot();
  ASSERT_EQ(groups.size(), 3u);
  EXPECT_EQ(to_hex(groups.at(15)), "0000000000088f066361726f6c0000000008fffffffffffffff9ffff");
  EXPECT_EQ(to_hex(groups.at(87)), "000000000006d704626f620000000008000000000000002affff");
  EXPECT_EQ(to_hex(groups.at(116)), "000000000008f406616c69636500000000080000000000000001ffff");
}

TEST(KeyedBackend, EveryKindOfStateIsRestored) {
  Backend before;
  auto value = before.states.state(ValueStateDescriptor<std::string>{"value"});
  auto list = before.states.state(ListStateDescriptor<std::string>{"list"});
  auto map = before.states.state(MapStateDescriptor<std::string, int64_t>{"map"});
  for (int i = 0; i < 500; ++i) {
    before.at("key " + std::to_string(i));
    value.update("value, with a comma " + std::to_string(i));
    for (int j = 0; j < i % 4; ++j) list.add(j == 1 ? "," : std::to_string(i + j));
    for (int j = 0; j < i % 3; ++j) map.put(std::to_string(j), i * j);
  }
  std::vector<KeyedStateInfo> infos;
  for (const char* name : {"value", "list", "map"})
    infos.push_back(before.states.find(name)->info());

  Backend after;
  auto map2 = after.states.state(MapStateDescriptor<std::string, int64_t>{"map"});
  auto list2 = after.states.state(ListStateDescriptor<std::string>{"list"});
  auto value2 = after.states.state(ValueStateDescriptor<std::string>{"value"});
  ASSERT_TRUE(after.restore(infos, before.snapshot()).ok());
  for (int i = 0; i < 500; ++i) {
    before.at("key " + std::to_string(i));
    after.at("key " + std::to_string(i));
    ASSERT_EQ(*value2.value(), *value.value());
    ASSERT_EQ(list2.get(), list.get());
    ASSERT_EQ(contents(map2), contents(map));
  }
}

TEST(KeyedBackend, SnapshotCanBeReadLater) {
  Backend backend;
  auto count = backend.states.state(ValueStateDescriptor<int64_t>{"count"});
  auto list = backend.states.state(ListStateDescriptor<int64_t>{"list"});
  backend.at("alice");
  count.update(1);
  list.add(5);
  auto taken = backend.states.snapshot();
  count.update(2);
  list.add(6);
  backend.at("bob");
  count.update(3);
  std::map<int, std::string> groups;
  for (const int group : {116, 87}) {
    BinaryWriter out;
    EXPECT_TRUE(taken->write_group(group, out).ok());
    groups[group] = out.take();
  }
  EXPECT_EQ(groups[87], "");
  Backend after;
  auto count2 = after.states.state(ValueStateDescriptor<int64_t>{"count"});
  auto list2 = after.states.state(ListStateDescriptor<int64_t>{"list"});
  groups.erase(87);
  ASSERT_TRUE(after.restore(taken->states(), groups).ok());
  after.at("alice");
  EXPECT_EQ(*count2.value(), 1);
  EXPECT_EQ(list2.get(), std::vector<int64_t>{5});
}

TEST(KeyedBackend, RefusesForeignGroupsAndEntriesThatAreTooLong) {
  Backend before;
  auto count = before.states.state(ValueStateDescriptor<int64_t>{"count"});
  before.at("alice");
  count.update(1);
  const auto infos = std::vector{before.states.find("count")->info()};
  auto groups = before.snapshot();

  Backend elsewhere({0, 63});
  elsewhere.states.state(ValueStateDescriptor<int64_t>{"count"});
  EXPECT_FALSE(elsewhere.restore(infos, groups).ok());

  Backend after;
  after.states.state(ValueStateDescriptor<int64_t>{"count"});
  std::string& bytes = groups[116];
  bytes.insert(bytes.size() - 2, 1, 'x');
  bytes[bytes.size() - 3 - 8 - 1] = 9;  // the value's length
  const Status refused = after.restore(infos, groups);
  EXPECT_EQ(refused.code(), StatusCode::kDataLoss) << refused.to_string();
}

TEST(KeyedBackend, EachRestoredSnapshotHasItsOwnOrderOfStates) {
  const auto write = [](Backend& backend, const std::vector<std::string>& names, int64_t number) {
    for (const std::string& name : names) {
      auto state = backend.states.state(ValueStateDescriptor<int64_t>{name});
      backend.at(cat("key ", number));
      state.update(name == "a" ? number : -number);
    }
    std::vector<KeyedStateInfo> infos;
    for (const std::string& name : names) infos.push_back(backend.states.find(name)->info());
    return infos;
  };
  Backend one, two, after;
  const auto infos_of_one = write(one, {"a", "b"}, 1);
  const auto infos_of_two = write(two, {"b", "a"}, 2);
  auto a = after.states.state(ValueStateDescriptor<int64_t>{"a"});
  auto b = after.states.state(ValueStateDescriptor<int64_t>{"b"});
  ASSERT_TRUE(after.restore(infos_of_one, one.snapshot()).ok());
  ASSERT_TRUE(after.restore(infos_of_two, two.snapshot()).ok());
  for (const int64_t number : {1, 2}) {
    after.at(cat("key ", number));
    EXPECT_EQ(*a.value(), number);
    EXPECT_EQ(*b.value(), -number);
  }
}

TEST(KeyedBackend, RefusesStateOfAnotherKind) {
  Backend before;
  auto value = before.states.state(ValueStateDescriptor<int64_t>{"s"});
  before.at("a");
  value.update(1);
  Backend after;
  (void)after.states.state(ListStateDescriptor<int64_t>{"s"});
  const Status refused = after.restore({before.states.find("s")->info()}, before.snapshot());
  EXPECT_EQ(refused.code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(
      refused.message().find("it is stored as a value state, the program declares a list state"),
      std::string_view::npos)
      << refused.message();
}

TEST(KeyedBackend, AcceptsFlinksEmptySetsOfTimers) {
  Backend after;
  after.states.state(ValueStateDescriptor<int64_t>{"count"});
  std::vector<KeyedStateInfo> infos{after.states.find("count")->info()};
  KeyedStateInfo timers;
  timers.kind = KeyedStateInfo::Kind::kTimers;
  timers.name = "_timer_state/processing_user-timers";
  infos.push_back(timers);
  EXPECT_TRUE(after.restore(infos, {}).ok());
  BinaryWriter bytes;
  CanonicalGroupWriter group(bytes, 116, false);
  group.begin_state(1);
  group.begin_key().put_u64(0);
  group.begin_value();
  group.end_entry();
  group.end_group();
  EXPECT_EQ(after.restore(infos, {{116, bytes.buffer()}}).code(), StatusCode::kFailedPrecondition);
  EXPECT_TRUE(after.restore(infos, {{116, bytes.buffer()}}, /*ignore_unclaimed=*/true).ok());
}

TEST(KeyedBackend, ValueThatIsTooLargeForTheFormatIsRefusedByName) {
  Backend backend;
  auto list = backend.states.state(ListStateDescriptor<std::string>{"visits"});
  backend.at("alice");
  for (int i = 0; i < 1000; ++i) list.add("0123456789");
  auto taken = backend.states.snapshot();
  KeyGroupWriting writing;
  writing.max_part_bytes = 500;
  BinaryWriter out;
  const Status status = taken->write_group(116, out, &writing);
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("state 'visits' holds at least 50"), std::string_view::npos)
      << status.message();
  EXPECT_NE(status.message().find("key group 116; at most 500 fit"), std::string_view::npos)
      << status.message();
  EXPECT_LT(out.size(), 600u) << "the rest of the value is not written";
}

TEST(KeyedBackend, GroupCanBeWrittenAgainUntilItIsDoneWith) {
  Backend backend;
  auto count = backend.states.state(ValueStateDescriptor<int64_t>{"count"});
  backend.at("alice");
  count.update(7);
  const auto taken = backend.states.snapshot();
  count.update(8);
  KeyGroupWriting writing;
  writing.again = true;
  BinaryWriter first, second;
  ASSERT_TRUE(taken->write_group(116, first, &writing).ok());
  backend.states.snapshot_ended();  // takes back what is no longer needed
  count.update(9);
  ASSERT_TRUE(taken->write_group(116, second, &writing).ok());
  EXPECT_FALSE(first.buffer().empty());
  EXPECT_EQ(first.buffer(), second.buffer());
  taken->done_with(116);
}

TEST(KeyedBackend, LargestMapIsThatOfAKeyAndNotOfAnEntry) {
  Backend backend;
  auto map = backend.states.state(MapStateDescriptor<int32_t, std::string>{"visits"});
  backend.at("alice");
  for (int i = 0; i < 100; ++i) map.put(i, "0123456789");
  KeyGroupWriting writing;
  BinaryWriter out;
  ASSERT_TRUE(backend.states.snapshot()->write_group(116, out, &writing).ok());
  EXPECT_TRUE(writing.largest.is_map);
  EXPECT_EQ(writing.largest.key_group, 116);
  EXPECT_GT(writing.largest.bytes, 1500u);
  EXPECT_LT(writing.largest.bytes, 5000u);
}

struct Endless {
  size_t length = 0;
};

}  // namespace
}  // namespace weir::detail

template <>
struct weir::UserSerializer<weir::detail::Endless> {
  static void write(BinaryWriter& out, const weir::detail::Endless& v) { out.put_count(v.length); }
  static void read(BinaryReader& in, weir::detail::Endless& v) { v.length = in.get_count(0); }
  static TypeDescription describe() {
    TypeDescription type;
    type.name = "Endless";
    return type;
  }
};

namespace weir::detail {
namespace {

TEST(KeyedBackend, CountThatIsTooLargeInsideAValueIsRefusedByName) {
  Backend backend;
  auto value = backend.states.state(ValueStateDescriptor<Endless>{"counts"});
  backend.at("alice");
  value.update({size_t{1} << 31});
  auto taken = backend.states.snapshot();
  BinaryWriter out;
  const Status status = taken->write_group(116, out);
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(
      status.message().find("state 'counts' cannot be written, key group 116: 2147483648 elements"),
      std::string_view::npos)
      << status.message();
}

}  // namespace
}  // namespace weir::detail
