// Snapshots, restores and the memory of states with a time to live.

#include <algorithm>
#include <map>

#include "base/strings.h"
#include "state/ttl_backend_test.h"

namespace weir::detail {
namespace {

using Backend = TtlBackend;

TEST(Ttl, ARestoredValueKeepsItsLastAccess) {
  const auto declare = [](Backend& backend) {
    auto value =
        backend.states.state(ValueStateDescriptor<int64_t>{"v"}.enable_time_to_live(ttl_of(100)));
    auto list =
        backend.states.state(ListStateDescriptor<int64_t>{"l"}.enable_time_to_live(ttl_of(100)));
    auto map = backend.states.state(
        MapStateDescriptor<int64_t, int64_t>{"m"}.enable_time_to_live(ttl_of(100)));
    return std::tuple(value, list, map);
  };
  Backend before;
  auto [value, list, map] = declare(before);
  before.at_time(1000);
  value.update(1);
  list.add(1);
  map.put(1, 1);
  before.at_time(1050);
  list.add(2);
  map.put(2, 2);

  Backend after;
  auto [value2, list2, map2] = declare(after);
  ASSERT_TRUE(after.restore(before.infos({"v", "l", "m"}), before.snapshot()).ok());
  after.at_time(1099);
  EXPECT_EQ(shown(value2.value()), "1");
  EXPECT_EQ(list2.get(), (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(map2.entries().size(), 2u);
  after.at_time(1100);
  EXPECT_EQ(shown(value2.value()), "nothing");
  EXPECT_EQ(list2.get(), (std::vector<int64_t>{2}));
  EXPECT_EQ(contents(map2), (std::map<int64_t, int64_t>{{2, 2}}));
}

TEST(Ttl, AFullSnapshotLeavesOutExpiredValuesIfConfigured) {
  for (const bool cleaned : {false, true}) {
    auto config = ttl_of(100);
    if (cleaned) config.cleanup_full_snapshot();
    Backend backend;
    auto value =
        backend.states.state(ValueStateDescriptor<int64_t>{"v"}.enable_time_to_live(config));
    auto list = backend.states.state(ListStateDescriptor<int64_t>{"l"}.enable_time_to_live(config));
    auto map =
        backend.states.state(MapStateDescriptor<int64_t, int64_t>{"m"}.enable_time_to_live(config));
    backend.at_time(1000);
    value.update(1);
    list.add(1);
    map.put(1, 1);
    backend.context.now_ms = 1100;
    EXPECT_EQ(backend.snapshot().empty(), cleaned);
    backend.at_time(1100);
    list.add(2);
    map.put(2, 2);
    const auto groups = backend.snapshot();
    Backend after;
    auto list2 = after.states.state(
        ListStateDescriptor<int64_t>{"l"}.enable_time_to_live(ttl_of(1'000'000)));
    auto map2 = after.states.state(
        MapStateDescriptor<int64_t, int64_t>{"m"}.enable_time_to_live(ttl_of(1'000'000)));
    (void)after.states.state(ValueStateDescriptor<int64_t>{"v"}.enable_time_to_live(ttl_of(1)));
    ASSERT_TRUE(after.restore(backend.infos({"v", "l", "m"}), groups).ok());
    after.at_time(1100);
    EXPECT_EQ(list2.get().size(), cleaned ? 1u : 2u);
    EXPECT_EQ(map2.entries().size(), cleaned ? 1u : 2u);
  }
}

TEST(Ttl, SwitchedOnLaterOldValuesLiveFromTheRestoreOn) {
  Backend before;
  auto value = before.states.state(ValueStateDescriptor<int64_t>{"v"});
  auto list = before.states.state(ListStateDescriptor<std::string>{"l"});
  auto map = before.states.state(MapStateDescriptor<int64_t, int64_t>{"m"});
  before.at("key");
  value.update(1);
  list.add_all({",", "b"});
  map.put(1, 10);

  Backend after;
  auto value2 =
      after.states.state(ValueStateDescriptor<int64_t>{"v"}.enable_time_to_live(ttl_of(100)));
  auto list2 =
      after.states.state(ListStateDescriptor<std::string>{"l"}.enable_time_to_live(ttl_of(100)));
  auto map2 = after.states.state(
      MapStateDescriptor<int64_t, int64_t>{"m"}.enable_time_to_live(ttl_of(100)));
  after.context.now_ms = 7000;
  const Status status = after.restore(before.infos({"v", "l", "m"}), before.snapshot());
  ASSERT_TRUE(status.ok()) << status.message();
  after.at_time(7099);
  EXPECT_EQ(shown(value2.value()), "1");
  EXPECT_EQ(list2.get(), (std::vector<std::string>{",", "b"}));
  EXPECT_EQ(shown(map2.get(1)), "10");
  after.at_time(7100);
  EXPECT_EQ(shown(value2.value()), "nothing");
  EXPECT_TRUE(list2.get().empty());
  EXPECT_EQ(map2.get(1), nullptr);
}

TEST(Ttl, SwitchedOffLaterExpiredValuesAreKept) {
  Backend before;
  auto value =
      before.states.state(ValueStateDescriptor<int64_t>{"v"}.enable_time_to_live(ttl_of(100)));
  auto list =
      before.states.state(ListStateDescriptor<int64_t>{"l"}.enable_time_to_live(ttl_of(100)));
  auto map = before.states.state(
      MapStateDescriptor<int64_t, int64_t>{"m"}.enable_time_to_live(ttl_of(100)));
  before.at_time(1000);
  value.update(1);
  list.add_all({1, 2});
  map.put(1, 10);
  before.context.now_ms = 5000;

  Backend after;
  auto value2 = after.states.state(ValueStateDescriptor<int64_t>{"v"});
  auto list2 = after.states.state(ListStateDescriptor<int64_t>{"l"});
  auto map2 = after.states.state(MapStateDescriptor<int64_t, int64_t>{"m"});
  ASSERT_TRUE(after.restore(before.infos({"v", "l", "m"}), before.snapshot()).ok());
  after.at("key");
  EXPECT_EQ(shown(value2.value()), "1");
  EXPECT_EQ(list2.get(), (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(shown(map2.get(1)), "10");
}

TEST(Ttl, AnotherTypeIsRefusedWithAndWithoutTtl) {
  Backend before;
  (void)before.states.state(ValueStateDescriptor<int64_t>{"v"}.enable_time_to_live(ttl_of(100)));
  Backend plain;
  (void)plain.states.state(ValueStateDescriptor<int32_t>{"v"});
  const Status status = plain.restore(before.infos({"v"}), {});
  const std::string message(status.message());
  EXPECT_NE(message.find("stored as int64, declared as int32"), std::string::npos) << message;
  Backend pair;  // a pair of a time and a value is no state with a time to live
  (void)pair.states.state(ValueStateDescriptor<std::pair<int64_t, int64_t>>{"v"});
  EXPECT_FALSE(before.restore(pair.infos({"v"}), {}).ok());
  EXPECT_TRUE(pair.restore(before.infos({"v"}), {}).ok());
}

// --- memory ---

TEST(Ttl, TheIncrementalCleanupRemovesWhatNobodyReads) {
  for (const bool for_every_record : {false, true}) {
    Backend backend;
    auto value = backend.states.state(ValueStateDescriptor<int64_t>{"v"}.enable_time_to_live(
        StateTtlConfig(milliseconds(1000)).cleanup_incrementally(2, for_every_record)));
    auto& table = dynamic_cast<TtlValueState<std::string, int64_t, KeyedStateInfo::Kind::kValue>*>(
                      backend.states.find("v"))
                      ->table();
    size_t most = 0;
    for (int64_t i = 0; i < 100'000; ++i) {
      backend.context.now_ms = i;
      backend.at("key " + std::to_string(i));
      if (!for_every_record || i < 50'000) value.update(i);
      if (i % 100 == 99) backend.states.collect_garbage(100);
      most = std::max(most, table.size());
      if (i == 50'000) { EXPECT_GT(table.size(), 1000u); }
    }
    // Every access adds an entry and checks two, so the table is at most twice what lives.
    EXPECT_LT(most, 5000u);
    if (for_every_record) { EXPECT_EQ(table.size(), 0u); }
    backend.states.clear_current_key();
  }
}

TEST(Ttl, WithoutIncrementalCleanupEverythingStays) {
  Backend backend;
  auto value =
      backend.states.state(ValueStateDescriptor<int64_t>{"v"}.enable_time_to_live(ttl_of(1)));
  for (int64_t i = 0; i < 2000; ++i) {
    backend.context.now_ms = i;
    backend.at("key " + std::to_string(i));
    value.update(i);
    backend.states.collect_garbage(1);
  }
  auto* state = dynamic_cast<TtlValueState<std::string, int64_t, KeyedStateInfo::Kind::kValue>*>(
      backend.states.find("v"));
  EXPECT_EQ(state->table().size(), 2000u);
}

TEST(Ttl, TheIncrementalCleanupPrunesListsAndMapsDuringSnapshots) {
  Backend backend;
  const StateTtlConfig config = StateTtlConfig(milliseconds(100)).cleanup_incrementally(100, false);
  auto list = backend.states.state(ListStateDescriptor<int64_t>{"l"}.enable_time_to_live(config));
  auto map =
      backend.states.state(MapStateDescriptor<int64_t, int64_t>{"m"}.enable_time_to_live(config));
  backend.at_time(1000);
  for (int64_t i = 0; i < 300; ++i) {
    list.add(i);
    map.put(i, i);
  }
  backend.at_time(1050);
  list.add(1000);
  map.put(1000, 1000);
  auto snapshot = backend.states.snapshot();
  const Groups before = [&] {
    Backend copy;
    return backend.snapshot();
  }();
  backend.at("another key");
  for (int i = 0; i < 20; ++i) {
    backend.at_time(1120);
    (void)list.get();
    (void)map.get(1);
    backend.states.collect_garbage(1);
  }
  size_t bytes = 0;
  for (const auto& [group, written] : backend.snapshot()) bytes += written.size();
  EXPECT_LT(bytes, 200u);
  // The snapshot that was being read has everything.
  Groups then;
  for (int group = 0; group < 128; ++group) {
    BinaryWriter out;
    ASSERT_TRUE(snapshot->write_group(group, out).ok());
    if (out.size() != 0) then[group] = out.take();
  }
  EXPECT_EQ(then, before);
}

TEST(Ttl, WritesFlinksFormat) {
  Backend backend;
  auto value =
      backend.states.state(ValueStateDescriptor<int64_t>{"v"}.enable_time_to_live(ttl_of(100)));
  backend.context.now_ms = 0x0123;
  backend.at("carol");
  value.update(-7);
  const auto groups = backend.snapshot();
  ASSERT_EQ(groups.size(), 1u);
  EXPECT_EQ(to_hex(groups.at(15)),
            "0000000000088f066361726f6c00"  // the key
            "00000010"
            "0000000000000123"
            "fffffffffffffff9"
            "ffff");
}

}  // namespace
}  // namespace weir::detail
