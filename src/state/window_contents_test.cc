#include "weir/detail/window/window_contents.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace weir::detail {
namespace {

constexpr int kGroups = 512;

TimeWindow window(int64_t number) { return {number * 1000, number * 1000 + 1000}; }

class Windows {
 public:
  using Contents = WindowContents<int64_t, int64_t, ValueEntries<int64_t>>;
  /// For each key group, maps (end of the window, key) to the value.
  using Model = std::map<int, std::map<std::pair<int64_t, int64_t>, int64_t>>;

  Windows() {
    auto owned = std::make_unique<Contents>(states.tracker(), KeyedStateInfo::Kind::kAggregating);
    contents = owned.get();
    states.add(std::move(owned));
    states.add(std::make_unique<WindowTimers<int64_t, Contents>>(states.tracker(), *contents));
  }

  void put(int64_t number, int64_t key, int64_t value) {
    auto& table = contents->table_of(window(number));
    table.find_or_insert(table.place(key), key, [] { return int64_t{0}; }).value = value;
    model[group_of(key)][{window(number).end, key}] = value;
  }
  /// Drains the window that fires next.
  void drain_first() {
    const int64_t end = contents->due(INT64_MAX - 1)->end;
    const size_t before = contents->window_count();
    while (contents->window_count() == before) {
      contents->drain_some([&](int64_t key, int64_t value) {
        auto& group = model[group_of(key)];
        ASSERT_EQ(group.at({end, key}), value);
        group.erase({end, key});
      });
    }
  }
  static int group_of(int64_t key) { return key_group_of(Serializer<int64_t>::hash(key), kGroups); }

  KeyedBackend<int64_t> states{"op", {0, kGroups - 1}, kGroups};
  Contents* contents;
  Model model;
};

/// Reads one key group of a snapshot; each entry must have its timer.
std::map<std::pair<int64_t, int64_t>, int64_t> read_group(const KeyedStateSnapshot& snapshot,
                                                          int key_group) {
  BinaryWriter out;
  EXPECT_TRUE(snapshot.write_group(key_group, out).ok());
  BinaryReader in(out.buffer());
  std::map<std::pair<int64_t, int64_t>, int64_t> entries;
  std::set<std::pair<int64_t, int64_t>> timers;
  if (out.size() == 0) return entries;
  CanonicalGroupReader group(in, key_group, true);
  for (CanonicalEntry entry; group.next(&entry);) {
    BinaryReader key(entry.key);
    BinaryReader value(entry.value);
    if (entry.state == 1) key.get_u64();
    const int64_t k = key.get_i64();
    TimeWindow w;
    Serializer<TimeWindow>::read(key, w);
    if (entry.state == 0) {
      EXPECT_TRUE(entries.emplace(std::pair(w.end, k), value.get_i64()).second);
    } else {
      timers.emplace(w.end, k);
    }
  }
  EXPECT_TRUE(in.ok());
  EXPECT_EQ(timers.size(), entries.size());
  for (const auto& [key, value] : entries) EXPECT_TRUE(timers.contains(key));
  return entries;
}

/// Fills some windows with a few keys, and one with many pages.
void fill(Windows& windows, std::mt19937_64& random, int64_t first) {
  for (int64_t number = first; number < first + 60; ++number) {
    const int keys = number % 20 == 7 ? 5000 : static_cast<int>(random() % 6);
    for (int i = 0; i < keys; ++i)
      windows.put(number, static_cast<int64_t>(random() % 20'000), static_cast<int64_t>(random()));
  }
}

TEST(WindowContents, SnapshotEqualsTheWindowsInAnyOrderOfReadingItsGroups) {
  std::vector<int> forwards(kGroups);
  for (int i = 0; i < kGroups; ++i) forwards[static_cast<size_t>(i)] = i;
  std::vector<int> some;
  for (int i = 3; i < kGroups; i += 1 + i % 7) some.push_back(i);
  std::vector<int> mixed = forwards;
  std::shuffle(mixed.begin(), mixed.end(), std::mt19937_64(4));
  for (const auto& order :
       {forwards, some, mixed, std::vector<int>(forwards.rbegin(), forwards.rend())}) {
    Windows windows;
    std::mt19937_64 random(9);
    fill(windows, random, 0);
    const Windows::Model expected = windows.model;
    auto snapshot = windows.states.snapshot();
    int read = 0;
    for (const int group : order) {
      const auto found = expected.find(group);
      const auto entries = read_group(*snapshot, group);
      ASSERT_EQ(entries, found == expected.end() ? decltype(entries)() : found->second)
          << "group " << group;
      // Meanwhile windows change, fire and begin.
      if (++read % 8 == 0) fill(windows, random, 60 + read);
      if (read % 4 == 0 && !windows.contents->empty()) windows.drain_first();
      windows.states.collect_garbage();
    }
    while (!windows.contents->empty()) windows.drain_first();
    for (const auto& [group, entries] : windows.model) EXPECT_TRUE(entries.empty());
  }
}

/// The pages of these windows end long before the table: their keys are of few key groups.
TEST(WindowContents, EachWindowIsDrainedFromItsFirstPageOn) {
  constexpr int kKeys = 3000;
  Windows windows;
  for (const int64_t number : {0, 1, 2}) {
    int put = 0;
    for (int64_t key = 0; put < kKeys; ++key) {
      if (Windows::group_of(key) >= kGroups / 8) continue;
      windows.put(number, key, key + number);
      ++put;
    }
  }
  while (!windows.contents->empty()) windows.drain_first();
  for (const auto& [group, entries] : windows.model) EXPECT_TRUE(entries.empty()) << group;
}

/// A frozen window with a key in each of its groups. Counts the calls.
class CountingView {
 public:
  CountingView(std::vector<int> groups, int* calls) : groups_(std::move(groups)), calls_(calls) {}
  int next_group(int group) const {
    ++*calls_;
    const auto next = std::lower_bound(groups_.begin(), groups_.end(), group);
    return next == groups_.end() ? kNoGroup : *next;
  }
  template <class F>
  void for_each_of_group(int group, F&& f) const {
    ++*calls_;
    if (std::binary_search(groups_.begin(), groups_.end(), group)) f(group, group);
  }
  void forget_sorted() const {}

 private:
  std::vector<int> groups_;
  int* calls_;
};

TEST(WindowContents, WritingASnapshotCostsWhatItsEntriesCost) {
  constexpr int kManyGroups = 4096;
  constexpr int kWindows = 5000;
  constexpr int kKeysOfWindow = 3;
  int calls = 0;
  FrozenWindows<CountingView> windows({0, kManyGroups - 1});
  for (int i = 0; i < kWindows; ++i) {
    const int first = i % 1000;
    windows.add(window(i), {{first, first + 1000, first + 2000}, &calls}, false);
  }
  int entries = 0;
  for (int group = 0; group < kManyGroups; ++group) {
    for (int state = 0; state < 2; ++state)  // contents and timers
      windows.for_each_of_group(group, [&](const auto&...) { ++entries; });
  }
  EXPECT_EQ(entries, 2 * kWindows * kKeysOfWindow);
  EXPECT_LE(calls, kWindows + 3 * kWindows * kKeysOfWindow);
}

TEST(WindowContents, IsRestoredFromASnapshot) {
  Windows before, after;
  std::mt19937_64 random(2);
  fill(before, random, 0);
  const auto snapshot = before.states.snapshot();
  const TypeDescription key_type = snapshot->key_type();
  ASSERT_TRUE(after.states.begin_restore(&key_type, snapshot->states(), false).ok());
  for (int group = 0; group < kGroups; ++group) {
    BinaryWriter out;
    EXPECT_TRUE(snapshot->write_group(group, out).ok());
    BinaryReader in(out.buffer());
    ASSERT_TRUE(after.states.read_group(group, in).ok());
  }
  EXPECT_EQ(after.contents->window_count(), before.contents->window_count());
  const auto again = after.states.snapshot();
  for (int group = 0; group < kGroups; ++group)
    EXPECT_EQ(read_group(*again, group), before.model[group]);
}

}  // namespace
}  // namespace weir::detail
