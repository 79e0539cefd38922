// Every type of key has one equality: in tables, timers, map states and key groups, before and
// after a restore.

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <unordered_map>

#include "weir/detail/state/keyed_backend.h"
#include "weir/detail/state/timers.h"

namespace shop {
struct Point {
  double x = 0;
  float y = 0;
  bool operator==(const Point&) const = default;
};
WEIR_FIELDS_OF(Point, x, y)
struct Place {
  std::string name;
  std::optional<Point> at;
  WEIR_FIELDS(Place, name, at)
  bool operator==(const Place&) const = default;
};
/// A user's type; its operator== never finds a value equal to itself.
struct Reading {
  double value = 0;
  bool operator==(const Reading&) const { return false; }
};
}  // namespace shop

template <>
struct weir::UserSerializer<shop::Reading> {
  static void write(BinaryWriter& out, const shop::Reading& v) { out.put_f64(v.value); }
  static void read(BinaryReader& in, shop::Reading& v) { v.value = in.get_f64(); }
  static TypeDescription describe() { return {TypeKind::kUser, "Reading", {}, {}, 1}; }
  static int32_t hash(const shop::Reading& v) { return Serializer<double>::hash(v.value); }
};

namespace weir::detail {
namespace {

const double kNan = std::numeric_limits<double>::quiet_NaN();
const double kOtherNan = std::bit_cast<double>(0xFFF8000000001234u);
const float kOtherFloatNan = std::bit_cast<float>(0xFFC01234u);
/// Five doubles, but four distinct keys: the first two are the same.
const std::vector<double> kDoubles = {kNan, kOtherNan, 0.0, -0.0, -1.5};
constexpr size_t kDistinctDoubles = 4;

template <class K>
concept Ordered = holds_float<K>() || requires(const K& k) { k < k; };

/// Snapshots `from` and restores the snapshot into `to`, which has the same states.
template <class K>
void restore(KeyedBackend<K>& from, KeyedBackend<K>& to) {
  const auto snapshot = from.snapshot();
  const TypeDescription key_type = snapshot->key_type();
  ASSERT_TRUE(to.begin_restore(&key_type, snapshot->states(), false).ok());
  for (int group = 0; group < 128; ++group) {
    BinaryWriter out;
    EXPECT_TRUE(snapshot->write_group(group, out).ok());
    BinaryReader in(out.buffer());
    const Status read = to.read_group(group, in);
    ASSERT_TRUE(read.ok()) << read.to_string();
  }
}

template <class K>
struct Operator {
  Operator()
      : backend("op", {0, 127}, 128), count(backend.state(ValueStateDescriptor<int64_t>{"count"})) {
    auto owned = std::make_unique<TimerSet<K>>("_timer_state/event_user-timers", backend.tracker());
    timers = owned.get();
    backend.add(std::move(owned));
  }
  void at(const K& new_key) {
    key = new_key;
    backend.set_current_key(key, KeyPlacer<K>{backend.places()}(key));
  }
  size_t keys() {
    return backend.template table_state<int64_t, ValueEntries<int64_t>>("count").table().size();
  }

  KeyedBackend<K> backend;
  ValueState<int64_t> count;
  TimerSet<K>* timers;
  K key{};
};

/// Checks that the order and the hashes agree with the bytes.
template <class K>
void expect_agreement(const std::vector<K>& keys) {
  for (const K& a : keys) {
    for (const K& b : keys) {
      ASSERT_EQ(same_key(a, b), bytes_of(a) == bytes_of(b));
      if constexpr (Ordered<K>) {
        ASSERT_EQ(compare_keys(a, b) == 0, same_key(a, b));
        ASSERT_EQ(compare_keys(a, b), -compare_keys(b, a));
      }
      if (!same_key(a, b)) continue;
      ASSERT_EQ(Serializer<K>::hash(a), Serializer<K>::hash(b));
      ASSERT_EQ(table_hash(a), table_hash(b));
    }
  }
}

template <class K>
void expect_keys(size_t distinct, const std::vector<K>& keys) {
  SCOPED_TRACE(Serializer<K>::describe().to_string());
  expect_agreement(keys);

  Operator<K> before, after;
  for (int round = 0; round < 2; ++round) {
    for (const K& key : keys) {
      before.at(key);
      ++before.count.mutable_value();
      before.timers->add(7, key);
    }
  }
  EXPECT_EQ(before.keys(), distinct);
  EXPECT_EQ(before.timers->size(), distinct);

  restore(before.backend, after.backend);
  EXPECT_EQ(after.keys(), distinct);
  EXPECT_EQ(after.timers->size(), distinct);
  for (const K& key : keys) {
    before.at(key);
    after.at(key);
    ASSERT_NE(after.count.value(), nullptr);
    EXPECT_EQ(*after.count.value(), *before.count.value());
  }
  for (const K& key : keys) {
    after.at(key);
    after.count.clear();
    after.timers->remove(7, key);
  }
  EXPECT_EQ(after.keys(), 0u);
  EXPECT_TRUE(after.timers->empty());
  TimerKey<K> timer{};
  EXPECT_FALSE(after.timers->take(7, &timer));
}

/// Converts each double into a key of another type.
template <class Make>
void expect_of_doubles(Make make, size_t distinct = kDistinctDoubles) {
  using K = decltype(make(0.0));
  std::vector<K> keys;
  for (const double value : kDoubles) keys.push_back(make(value));
  expect_keys<K>(distinct, keys);
}

TEST(KeyTypes, NumbersAreEqualAsInJava) {
  expect_keys<double>(kDistinctDoubles, kDoubles);
  expect_keys<float>(
      4, {std::numeric_limits<float>::quiet_NaN(), kOtherFloatNan, 0.0f, -0.0f, 3e-45f});
  expect_keys<int64_t>(3, {INT64_MIN, -1, -1, INT64_MAX});
  expect_keys<uint8_t>(2, {0, 255, 255});
  expect_keys<bool>(2, {false, true});
  expect_of_doubles([](double x) { return std::chrono::duration<double>(x); });
  expect_of_doubles([](double x) {
    return std::chrono::sys_time<std::chrono::duration<double>>(std::chrono::duration<double>(x));
  });
}

TEST(KeyTypes, StringsAndBytesAreEqualByteForByte) {
  expect_keys<std::string>(4, {"", "a", "a", "\xC3\xA9", "\xE9"});
  expect_keys<std::vector<uint8_t>>(3, {{}, {0}, {0}, {0, 0}});
}

TEST(KeyTypes, NumbersInsideOtherTypesAreEqualAsByThemselves) {
  expect_of_doubles([](double x) { return std::optional(x); });
  expect_of_doubles([](double x) { return std::array<double, 2>{1, x}; });
  expect_of_doubles([](double x) { return std::vector<double>{x, 2}; });
  expect_of_doubles([](double x) { return std::variant<int32_t, double>(x); });
  expect_of_doubles(
      [](double x) { return std::variant<double, double>(std::in_place_index<1>, x); });
  expect_of_doubles([](double x) { return std::pair(std::string("a"), x); });
  expect_of_doubles([](double x) { return std::tuple<double, bool, double>(x, true, x); });
  expect_of_doubles([](double x) { return shop::Point{x, static_cast<float>(x)}; });
  expect_of_doubles([](double x) { return shop::Place{"a", shop::Point{x, 1}}; });
  expect_of_doubles([](double x) { return std::map<int32_t, double>{{1, x}, {2, 0.0}}; });
  expect_of_doubles(
      [](double x) { return std::unordered_map<std::string, double>{{"a", x}, {"b", 1.0}}; });
  expect_of_doubles([](double x) {
    return std::vector<std::optional<std::pair<int64_t, shop::Point>>>{{}, {{1, {x, 0}}}};
  });
  expect_of_doubles([](double x) { return shop::Reading{x}; });
  expect_of_doubles([](double x) { return std::optional(shop::Reading{x}); });
}

TEST(KeyTypes, AbsentValuesAreEqual) {
  expect_keys<std::optional<double>>(3, {{}, {}, kNan, 0.0});
  expect_keys<std::variant<std::monostate, double, float>>(3, {{}, {}, kNan, kOtherFloatNan});
  expect_keys<std::vector<double>>(4, {{}, {kNan}, {kNan}, {kNan, 1}, {1}});
  expect_keys<std::vector<bool>>(3, {{}, {true}, {true}, {true, false}});
}

TEST(KeyTypes, KeysOfAMapStateAreEqualAsKeysAre) {
  KeyedBackend<int64_t> before("op", {0, 127}, 128), after("op", {0, 127}, 128);
  const MapStateDescriptor<double, int64_t> descriptor{"map"};
  auto map = before.state(descriptor);
  auto restored = after.state(descriptor);
  const int64_t key = 1;
  before.set_current_key(key, KeyPlacer<int64_t>{before.places()}(key));
  after.set_current_key(key, KeyPlacer<int64_t>{after.places()}(key));
  for (const double user_key : {2.0, -1.0, kNan, kOtherNan, 0.0, -0.0})
    ++map.mutable_value(user_key);
  restore(before, after);
  for (MapState<double, int64_t>* state : {&map, &restored}) {
    EXPECT_EQ(state->entries().size(), 5u);
    EXPECT_EQ(*state->get(kNan), 2);
    EXPECT_EQ(*state->get(0.0), 1);
    EXPECT_EQ(*state->get(-0.0), 1);
    EXPECT_EQ(state->get(1.0), nullptr);
    std::string order;
    for (const auto& [user_key, count] : state->entries())
      order += std::to_string(user_key).substr(0, 4) + ' ';
    EXPECT_EQ(order, "-1.0 -0.0 0.00 2.00 nan ");
    state->remove(kOtherNan);
    EXPECT_FALSE(state->contains(kNan));
  }
}

}  // namespace
}  // namespace weir::detail
