// The rules of states with a time to live. Unless a test says otherwise, the expected values are
// those of Flink.

#include <cmath>
#include <map>

#include "state/ttl_backend_test.h"

namespace weir::detail {
namespace {

using Backend = TtlBackend;

TEST(Ttl, AValueExpiresWhenItsTimeHasPassed) {
  Backend backend;
  auto value =
      backend.states.state(ValueStateDescriptor<int64_t>{"v"}.enable_time_to_live(ttl_of(100)));
  backend.at_time(1000);
  EXPECT_EQ(shown(value.value()), "nothing");
  value.update(1);
  backend.at_time(1099);
  EXPECT_EQ(shown(value.value()), "1");  // a read is no access
  backend.at_time(1100);
  EXPECT_EQ(shown(value.value()), "nothing");
  value.update(2);
  backend.at_time(1150);
  value.mutable_value() += 5;  // a write is
  backend.at_time(1249);
  EXPECT_EQ(shown(value.value()), "7");
  backend.at_time(1250);
  value.mutable_value() += 1;
  EXPECT_EQ(shown(value.value()), "1");
}

TEST(Ttl, AValueDoesNotExpireBetweenTwoReadsOfOneCall) {
  Backend backend;
  auto value =
      backend.states.state(ValueStateDescriptor<int64_t>{"v"}.enable_time_to_live(ttl_of(100)));
  backend.at_time(1000);
  value.update(1);
  backend.at_time(1099);
  EXPECT_EQ(shown(value.value()), "1");
  backend.context.now_ms = 1100;
  EXPECT_EQ(shown(value.value()), "1");
  backend.again();
  EXPECT_EQ(shown(value.value()), "nothing");
}

TEST(Ttl, AReadIsAnAccessIfConfigured) {
  Backend backend;
  auto value = backend.states.state(ValueStateDescriptor<int64_t>{"v"}.enable_time_to_live(
      ttl_of(100).update_ttl_on_read_and_write()));
  backend.at_time(1000);
  value.update(1);
  for (int64_t now = 1090; now < 2000; now += 90) {
    backend.at_time(now);
    ASSERT_EQ(shown(value.value()), "1") << now;
  }
  backend.at_time(3000);
  EXPECT_EQ(shown(value.value()), "nothing");
}

TEST(Ttl, AnExpiredValueIsReturnedOnceIfConfigured) {
  Backend backend;
  auto value = backend.states.state(ValueStateDescriptor<int64_t>{"v"}.enable_time_to_live(
      ttl_of(100).return_expired_if_not_cleaned_up()));
  backend.at_time(1000);
  value.update(1);
  backend.at_time(5000);
  const int64_t* read = value.value();
  EXPECT_EQ(shown(read), "1");
  EXPECT_EQ(shown(value.value()), "1");  // Flink removes it at once, which would break `read`
  backend.again();
  EXPECT_EQ(shown(value.value()), "nothing");
  EXPECT_TRUE(backend.snapshot().empty());
}

TEST(Ttl, AValueThatWasReadAsExpiredAndWrittenAgainStays) {
  for (const bool returned : {false, true}) {
    Backend backend;
    auto config = ttl_of(100);
    if (returned) config.return_expired_if_not_cleaned_up();
    auto value =
        backend.states.state(ValueStateDescriptor<int64_t>{"v"}.enable_time_to_live(config));
    backend.at_time(1000);
    value.update(1);
    backend.at_time(1100);
    EXPECT_EQ(shown(value.value()), returned ? "1" : "nothing");
    value.update(2);
    backend.again();
    EXPECT_EQ(shown(value.value()), "2");
    value.clear();
    backend.again();
    EXPECT_EQ(shown(value.value()), "nothing");
  }
}

TEST(Ttl, ADefaultTakesThePlaceOfAnExpiredValue) {
  Backend backend;
  auto limit = backend.states.state(
      ValueStateDescriptor<int64_t>{"limit", 10}.enable_time_to_live(ttl_of(100)));
  backend.at_time(1000);
  limit.mutable_value()++;
  backend.again();
  EXPECT_EQ(shown(limit.value()), "11");
  backend.at_time(1100);
  EXPECT_EQ(shown(limit.value()), "10");
  EXPECT_EQ(limit.mutable_value(), 10);
}

TEST(Ttl, AReductionBeginsAgainUnlessExpiredValuesAreReturned) {
  for (const bool returned : {false, true}) {
    Backend backend;
    auto config = ttl_of(100);
    if (returned) config.return_expired_if_not_cleaned_up();
    auto sum = backend.states.state(ReducingStateDescriptor<int64_t>{
        "sum", [](int64_t a, int64_t b) {
          return a + b;
        }}.enable_time_to_live(config));
    backend.at_time(1000);
    sum.add(1);
    backend.at_time(1099);
    sum.add(2);
    backend.at_time(1199);
    sum.add(4);
    EXPECT_EQ(shown(sum.get()), returned ? "7" : "4");
  }
}

struct Count {
  using Accumulator = int64_t;
  Accumulator create_accumulator() const { return 0; }
  void add(int64_t, Accumulator& a) const { ++a; }
  std::string get_result(const Accumulator& a) const { return std::to_string(a); }
};

TEST(Ttl, AnAggregateBeginsAgain) {
  Backend backend;
  auto count = backend.states.state(
      AggregatingStateDescriptor<Count>{"count"}.enable_time_to_live(ttl_of(100)));
  backend.at_time(1000);
  count.add(int64_t{5});
  count.add(int64_t{5});
  EXPECT_EQ(count.get(), "2");
  backend.at_time(1100);
  EXPECT_EQ(count.get(), std::nullopt);
  count.add(int64_t{5});
  EXPECT_EQ(count.get(), "1");
}

TEST(Ttl, TheElementsOfAListExpireOneByOne) {
  Backend backend;
  auto list =
      backend.states.state(ListStateDescriptor<int64_t>{"l"}.enable_time_to_live(ttl_of(100)));
  backend.at_time(1000);
  list.add(1);
  backend.at_time(1050);
  list.add_all({2, 3});
  backend.at_time(1100);
  EXPECT_EQ(list.get(), (std::vector<int64_t>{2, 3}));
  list.add(4);
  EXPECT_EQ(list.get(), (std::vector<int64_t>{2, 3, 4}));
  backend.at_time(1150);
  EXPECT_EQ(list.get(), (std::vector<int64_t>{4}));
  backend.at_time(1200);
  EXPECT_TRUE(list.get().empty());
  EXPECT_TRUE(backend.snapshot().empty());
}

TEST(Ttl, AReadOfAListUpdatesItsElements) {
  Backend backend;
  auto list = backend.states.state(ListStateDescriptor<int64_t>{"l"}.enable_time_to_live(
      ttl_of(100).update_ttl_on_read_and_write().return_expired_if_not_cleaned_up()));
  backend.at_time(1000);
  list.add(1);
  backend.at_time(1050);
  list.add(2);
  backend.at_time(1120);
  // The first one has expired. It is returned once more, and removed because others live on.
  EXPECT_EQ(list.get(), (std::vector<int64_t>{1, 2}));
  backend.at_time(1219);
  EXPECT_EQ(list.get(), (std::vector<int64_t>{2}));
  backend.at_time(1319);
  EXPECT_EQ(list.get(), (std::vector<int64_t>{2}));  // all have expired: returned, and removed
  backend.again();
  EXPECT_TRUE(list.get().empty());
  list.update({7, 8});
  list.update({});
  EXPECT_TRUE(backend.snapshot().empty());
}

TEST(Ttl, TheEntriesOfAMapExpireOneByOne) {
  Backend backend;
  auto map = backend.states.state(
      MapStateDescriptor<int64_t, int64_t>{"m"}.enable_time_to_live(ttl_of(100)));
  backend.at_time(1000);
  map.put(1, 10);
  backend.at_time(1050);
  map.put(2, 20);
  map.mutable_value(3) = 30;
  backend.at_time(1100);
  EXPECT_EQ(map.get(1), nullptr);
  EXPECT_FALSE(map.contains(1));
  EXPECT_EQ(shown(map.get(2)), "20");
  EXPECT_EQ(contents(map), (std::map<int64_t, int64_t>{{2, 20}, {3, 30}}));
  EXPECT_FALSE(map.is_empty());
  map.mutable_value(1) += 5;  // an expired entry starts from nothing
  EXPECT_EQ(shown(map.get(1)), "5");
  backend.at_time(1150);
  EXPECT_EQ(contents(map), (std::map<int64_t, int64_t>{{1, 5}}));
  map.remove(1);
  EXPECT_TRUE(map.is_empty());
  EXPECT_TRUE(contents(map).empty());
  backend.again();
  EXPECT_TRUE(map.is_empty());
  EXPECT_TRUE(backend.snapshot().empty());
}

TEST(Ttl, ReadsOfAMapUpdateAndReturnExpiredEntriesIfConfigured) {
  Backend backend;
  auto map = backend.states.state(MapStateDescriptor<int64_t, int64_t>{"m"}.enable_time_to_live(
      ttl_of(100).update_ttl_on_read_and_write().return_expired_if_not_cleaned_up()));
  backend.at_time(1000);
  for (int64_t i = 0; i < 1000; ++i) map.put(i, i);
  backend.at_time(1050);
  EXPECT_EQ(shown(map.get(7)), "7");
  backend.at_time(1120);
  EXPECT_EQ(shown(map.get(8)), "8");       // expired, returned once
  EXPECT_EQ(map.entries().size(), 1000u);  // all but 7 have expired
  backend.at_time(1121);
  EXPECT_EQ(contents(map), (std::map<int64_t, int64_t>{{7, 7}}));
  backend.at_time(1220);
  EXPECT_EQ(shown(map.get(7)), "7");
  EXPECT_EQ(backend.states.find("m")->info().kind, KeyedStateInfo::Kind::kMap);
}

TEST(Ttl, ReferencesOfAMapStayValidWhileOtherEntriesAreRead) {
  Backend backend;
  auto map = backend.states.state(
      MapStateDescriptor<int64_t, std::string>{"m"}.enable_time_to_live(ttl_of(100)));
  backend.at_time(1000);
  for (int64_t i = 0; i < 500; ++i) map.put(i, std::string(40, 'x'));
  backend.at_time(1090);
  for (int64_t i = 0; i < 500; i += 2) map.put(i, std::to_string(i) + std::string(40, 'y'));
  backend.at_time(1100);
  std::vector<const std::string*> read;
  for (int64_t i = 0; i < 500; ++i) read.push_back(map.get(i));
  for (size_t i = 0; i < 500; ++i) {
    ASSERT_EQ(read[i] != nullptr, i % 2 == 0);
    if (read[i] != nullptr) { ASSERT_EQ(*read[i], std::to_string(i) + std::string(40, 'y')); }
  }
}

TEST(Ttl, ExtremeTimesAndAClockThatGoesBack) {
  using std::chrono::hours;
  for (const StateTtlConfig& config :
       {StateTtlConfig(milliseconds::max()), StateTtlConfig(hours::max()),
        StateTtlConfig(std::chrono::duration<double>(1e300))}) {
    Backend backend;
    EXPECT_EQ(config.time_to_live_ms(), INT64_MAX);
    auto value =
        backend.states.state(ValueStateDescriptor<int64_t>{"v"}.enable_time_to_live(config));
    for (const int64_t now : {int64_t{1000}, INT64_MAX - 1, int64_t{0}}) {
      backend.at_time(now);
      value.update(1);
      backend.at_time(INT64_MAX - 1);
      EXPECT_EQ(shown(value.value()), "1");
    }
  }
  Backend backend;
  auto value = backend.states.state(ValueStateDescriptor<int64_t>{"v"}.enable_time_to_live(
      ttl_of(100).update_ttl_on_read_and_write()));
  backend.at_time(5000);
  value.update(1);
  backend.at_time(1000);
  EXPECT_EQ(shown(value.value()), "1");  // and was read at 1000
  backend.at_time(1100);
  EXPECT_EQ(shown(value.value()), "nothing");
  for (const int64_t now : {INT64_MIN, int64_t{-5}}) {
    backend.at_time(now);
    value.update(3);
    EXPECT_EQ(shown(value.value()), "3");
    backend.at_time(now + 99);
    EXPECT_EQ(shown(value.value()), "3");
    backend.at_time(now + 99 + 100);
    EXPECT_EQ(shown(value.value()), "nothing");
  }
}

TEST(Ttl, ImpossibleConfigurationsAreRefused) {
  for (const auto ms : {milliseconds(0), milliseconds(-1), milliseconds::min()})
    EXPECT_THROW(StateTtlConfig{ms}, std::invalid_argument);
  EXPECT_THROW(StateTtlConfig{std::chrono::nanoseconds(999'999)}, std::invalid_argument);
  EXPECT_THROW(StateTtlConfig{std::chrono::duration<double>(NAN)}, std::invalid_argument);
  EXPECT_THROW(StateTtlConfig(milliseconds(1)).cleanup_incrementally(0, true),
               std::invalid_argument);
}

}  // namespace
}  // namespace weir::detail
