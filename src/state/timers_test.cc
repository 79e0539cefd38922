#include "weir/detail/state/timers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

namespace weir::detail {
namespace {

class Timers {
 public:
  Timers() : tracker_(PlaceSpace({0, 127}, 128)), set_("timers", tracker_) {}
  TimerSet<int64_t>* operator->() { return &set_; }
  /// Returns "timestamp:key" for each due timer.
  std::vector<std::string> take(Timestamp until) {
    std::vector<std::string> taken;
    TimerKey<int64_t> timer{};
    while (set_.take(until, &timer))
      taken.push_back(std::to_string(timer.timestamp) + ":" + std::to_string(timer.key));
    return taken;
  }

 private:
  SnapshotTracker tracker_;
  TimerSet<int64_t> set_;
};
using Taken = std::vector<std::string>;

TEST(TimerSet, FiresInOrderOfTime) {
  Timers timers;
  timers->add(30, 1);
  timers->add(-5, 1);
  timers->add(20, 2);
  EXPECT_EQ(timers->next(), -5);
  EXPECT_EQ(timers.take(20), (Taken{"-5:1", "20:2"}));
  EXPECT_EQ(timers.take(29), Taken{});
  EXPECT_EQ(timers.take(30), Taken{"30:1"});
  EXPECT_EQ(timers->next(), INT64_MAX);
}

TEST(TimerSet, RegistersEachTimerOnce) {
  Timers timers;
  timers->add(10, 1);
  timers->add(10, 1);
  timers->add(10, 2);
  EXPECT_EQ(timers->size(), 2u);
  EXPECT_EQ(timers.take(10).size(), 2u);
  timers->remove(10, 3);
  EXPECT_TRUE(timers->empty());
}

TEST(TimerSet, RestoresNoTimerOfAnotherKeyGroup) {
  Timers timers;
  const auto restore = [&](int key_group) {
    BinaryWriter out;
    out.put_u64(uint64_t{10} ^ uint64_t{1} << 63);
    Serializer<int64_t>::write(out, 1);
    out.put_u8(0);
    BinaryReader key(out.buffer());
    BinaryReader value("");
    return timers->read_entry(key_group, key, value);
  };
  const int group = key_group_of(Serializer<int64_t>::hash(1), 128);
  EXPECT_FALSE(restore((group + 1) % 128));
  EXPECT_TRUE(timers->empty());
  EXPECT_TRUE(restore(group));
  EXPECT_EQ(timers.take(10), Taken{"10:1"});
}

TEST(TimerSet, DeletedTimersFireOnlyIfRegisteredAgain) {
  Timers timers;
  timers->add(10, 1);
  timers->add(11, 1);
  timers->remove(10, 1);
  EXPECT_EQ(timers->next(), 11);
  timers->add(10, 1);
  timers->remove(10, 1);
  timers->add(10, 1);
  EXPECT_EQ(timers.take(11), (Taken{"10:1", "11:1"}));
}

TEST(TimerSet, DeletedTimersLeaveBoundedGarbage) {
  Timers postponed;
  Timers repeated;
  for (int64_t key = 0; key < 100; ++key) postponed->add(key, key);
  for (int64_t step = 0; step < 100000; ++step) {
    const int64_t key = step % 100;
    postponed->remove(step, key);
    postponed->add(step + 100, key);
    repeated->remove(7, 7);
    repeated->add(7, 7);
    ASSERT_LE(postponed->heap_size(), 600u);
    ASSERT_LE(repeated->heap_size(), 200u);
  }
  EXPECT_EQ(postponed->size(), 100u);
  EXPECT_EQ(postponed.take(INT64_MAX - 1).size(), 100u);
  EXPECT_EQ(repeated.take(7), Taken{"7:7"});
}

TEST(TimerSet, StaysInOrderWhenMostTimersAreDeleted) {
  Timers timers;
  std::map<int64_t, Timestamp> left;  // by key
  std::mt19937_64 random(5);
  for (int64_t key = 0; key < 5000; ++key) {
    left[key] = static_cast<Timestamp>(random() % 1'000'000);
    timers->add(left[key], key);
  }
  for (int64_t key = 0; key < 5000; ++key) {
    if (random() % 5 == 0) continue;
    timers->remove(left[key], key);
    left.erase(key);
  }
  std::set<std::pair<Timestamp, int64_t>> expected;
  for (const auto& [key, timestamp] : left) expected.emplace(timestamp, key);
  std::vector<std::pair<Timestamp, int64_t>> taken;
  for (TimerKey<int64_t> timer{}; timers->take(INT64_MAX - 1, &timer);)
    taken.emplace_back(timer.timestamp, timer.key);
  EXPECT_TRUE(std::is_sorted(taken.begin(), taken.end(),
                             [](const auto& a, const auto& b) { return a.first < b.first; }));
  EXPECT_EQ((std::set<std::pair<Timestamp, int64_t>>(taken.begin(), taken.end())), expected);
}

TEST(TimerSet, AgreesWithASetUnderRandomOperations) {
  Timers timers;
  std::set<std::pair<Timestamp, int64_t>> model;
  std::mt19937_64 random(11);
  Timestamp now = 0;
  for (int step = 0; step < 50000; ++step) {
    const auto key = static_cast<int64_t>(random() % 300);
    const Timestamp at = now + static_cast<Timestamp>(random() % 50);
    if (random() % 3 != 0) {
      timers->add(at, key);
      model.emplace(at, key);
    } else {
      timers->remove(at, key);
      model.erase({at, key});
    }
    if (step % 20 == 0) {
      ++now;
      std::set<std::pair<Timestamp, int64_t>> taken;
      Timestamp last = INT64_MIN;
      TimerKey<int64_t> timer{};
      while (timers->take(now, &timer)) {
        ASSERT_GE(timer.timestamp, last);
        last = timer.timestamp;
        ASSERT_TRUE(taken.emplace(timer.timestamp, timer.key).second);
      }
      const auto due = model.upper_bound({now, INT64_MAX});
      ASSERT_EQ(taken, (std::set<std::pair<Timestamp, int64_t>>(model.begin(), due)));
      model.erase(model.begin(), due);
    }
    ASSERT_EQ(timers->size(), model.size());
  }
}

}  // namespace
}  // namespace weir::detail
