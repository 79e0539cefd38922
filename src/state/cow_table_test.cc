#include "weir/detail/state/cow_table.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>

#include "weir/types/types.h"

namespace weir::detail {
namespace {

constexpr int kMaxParallelism = 128;

template <class K>
struct KeyPlacer {
  const PlaceSpace* places;
  uint64_t operator()(const K& key) const {
    return places->place(Serializer<K>::hash(key), table_hash(key));
  }
};

template <class K>
class Fixture {
 public:
  using Table = CowTable<K, int64_t, KeyPlacer<K>>;
  using Model = std::map<K, int64_t>;

  explicit Fixture(KeyGroupRange range = {0, kMaxParallelism - 1},
                   int max_parallelism = kMaxParallelism)
      : tracker(PlaceSpace(range, max_parallelism)),
        table(std::make_shared<Table>(tracker, KeyPlacer<K>{&tracker.places()})) {}

  void put(const K& key, int64_t value) {
    auto found = table->find_or_insert(table->place(key), key, [&] { return value; });
    found.value = value;
  }
  const int64_t* get(const K& key) { return table->find(table->place(key), key); }
  bool erase(const K& key) { return table->erase(table->place(key), key); }
  Model contents() {
    Model all;
    table->for_each([&](const K& key, int64_t value) {
      EXPECT_TRUE(all.emplace(key, value).second) << "twice: " << key;
    });
    return all;
  }

  struct Snapshot {
    std::shared_ptr<SnapshotProgress> progress;
    typename Table::View view;
  };
  Snapshot snapshot() {
    auto progress = tracker.begin_snapshot();
    return {progress, typename Table::View(table, table->freeze(), tracker.places())};
  }
  /// Reads a snapshot as the I/O pool does: group by group, each once.
  Model read(const Snapshot& snapshot, bool release_groups = true) {
    Model all;
    const KeyGroupRange range = tracker.places().range();
    for (int group = range.first; group <= range.last; ++group) {
      snapshot.view.for_each_of_group(group, [&](const K& key, int64_t value) {
        EXPECT_EQ(key_group_of(Serializer<K>::hash(key), tracker.places().max_parallelism()),
                  group);
        EXPECT_TRUE(all.emplace(key, value).second) << "twice: " << key;
      });
      if (release_groups) snapshot.progress->release(group);
    }
    return all;
  }

  /// The size of the pages that the table consists of now.
  size_t live_bytes() const {
    return tracker.memory()->arena.used_bytes() - tracker.memory()->retired.bytes();
  }

  SnapshotTracker tracker;
  std::shared_ptr<Table> table;
};

TEST(CowTable, FindsExactlyTheInsertedKeys) {
  Fixture<int64_t> f;
  EXPECT_EQ(f.get(7), nullptr);
  f.put(7, 70);
  f.put(8, 80);
  EXPECT_EQ(*f.get(7), 70);
  EXPECT_EQ(*f.get(8), 80);
  EXPECT_EQ(f.get(9), nullptr);
  EXPECT_TRUE(f.erase(7));
  EXPECT_FALSE(f.erase(7));
  EXPECT_EQ(f.get(7), nullptr);
  EXPECT_EQ(f.table->size(), 1u);
}

TEST(CowTable, GrowsPageByPageAndLosesNothing) {
  Fixture<int64_t> f;
  Fixture<int64_t>::Model expected;
  for (int64_t i = 0; i < 300000; ++i) {
    f.put(i, -i);
    expected[i] = -i;
  }
  EXPECT_EQ(f.contents(), expected);
  EXPECT_GT(f.table->pages(), 500u);
  for (int64_t i = 0; i < 300000; ++i) ASSERT_TRUE(f.erase(i));
  EXPECT_TRUE(f.table->empty());
  EXPECT_EQ(f.table->pages(), 0u);
}

TEST(CowTable, HoldsManyKeysOfOneGroup) {
  // All keys share the leading bits of their places.
  Fixture<int64_t> f;
  Fixture<int64_t>::Model expected;
  for (int64_t i = 0; expected.size() < 20000; ++i) {
    if (key_group_of(Serializer<int64_t>::hash(i), kMaxParallelism) != 77) continue;
    f.put(i, i);
    expected[i] = i;
  }
  EXPECT_EQ(f.contents(), expected);
  auto snapshot = f.snapshot();
  EXPECT_EQ(f.read(snapshot), expected);
}

struct SameHash {
  int64_t id = 0;
  bool operator==(const SameHash&) const = default;
  auto operator<=>(const SameHash&) const = default;
};
std::ostream& operator<<(std::ostream& out, const SameHash& key) { return out << key.id; }

}  // namespace
}  // namespace weir::detail

template <>
struct weir::Serializer<weir::detail::SameHash> {
  static void write(BinaryWriter& out, const detail::SameHash& key) { out.put_i64(key.id); }
  static int32_t hash(const detail::SameHash&) { return 42; }
};

namespace weir::detail {
namespace {

TEST(CowTable, WorksWhenAllHashesAreEqual) {
  Fixture<SameHash> f;
  Fixture<SameHash>::Model expected;
  for (int64_t i = 0; i < 3000; ++i) {
    f.put({i}, i);
    expected[{i}] = i;
  }
  EXPECT_EQ(f.contents(), expected);
  auto snapshot = f.snapshot();
  f.put({1}, -1);
  EXPECT_EQ(f.read(snapshot), expected);
}

TEST(CowTable, DeletedSlotsDoNotAccumulate) {
  Fixture<int64_t> f;
  for (int64_t i = 0; i < 500000; ++i) {
    f.put(i, i);
    if (i >= 300) { ASSERT_TRUE(f.erase(i - 300)); }
  }
  EXPECT_EQ(f.table->size(), 300u);
  EXPECT_LE(f.table->pages(), 16u);
}

TEST(CowTable, IterationOrderDependsOnlyOnTheOperations) {
  const auto order = [] {
    Fixture<std::string> f;
    for (int i = 0; i < 5000; ++i) f.put("key " + std::to_string(i * 7919 % 5000), i);
    std::vector<std::string> keys;
    f.table->for_each([&](const std::string& key, int64_t) { keys.push_back(key); });
    return keys;
  };
  EXPECT_EQ(order(), order());
}

/// Fills a table group by group as a restore does, with the keys of a group in any order. Returns
/// how often a page had to grow.
template <class MayPut>
int restore_groups(Fixture<int64_t>& f, int64_t keys, MayPut&& may_put,
                   Fixture<int64_t>::Model* model, bool tell = true) {
  const PlaceSpace& places = f.tracker.places();
  std::map<int, std::vector<int64_t>> groups;
  for (int64_t key = 0; key < keys; ++key) {
    const int group = key_group_of(Serializer<int64_t>::hash(key), places.max_parallelism());
    if (places.range().contains(group) && may_put(group, key)) groups[group].push_back(key);
  }
  for (const auto& [group, members] : groups) {
    if (tell) f.table->begin_group(places.places_of_group());
    for (const int64_t key : members) {
      const int64_t value = (*model)[key] = -key;
      if (tell) {
        f.table->restore(f.table->place(key), key) = value;
      } else {
        f.put(key, value);
      }
    }
    for (const int64_t key : members) EXPECT_EQ(f.table->restore(f.table->place(key), key), -key);
    if (tell) f.table->end_group();
  }
  return static_cast<int>(f.table->arena()->allocations() - f.table->pages());
}

TEST(CowTable, RestoredPagesGetTheirFinalSizeAtOnce) {
  const auto all = [](int, int64_t) { return true; };
  Fixture<int64_t> reserved;
  Fixture<int64_t> grown;
  Fixture<int64_t>::Model model;
  const int outgrown_by_reserved = restore_groups(reserved, 200000, all, &model);
  const int outgrown_by_grown = restore_groups(grown, 200000, all, &model, false);
  EXPECT_EQ(reserved.contents(), model);
  EXPECT_LT(outgrown_by_reserved * 20, outgrown_by_grown);
}

TEST(CowTable, RestoredGroupsMayBeOfVeryDifferentSizes) {
  for (const auto& [range, max_parallelism] : {std::pair<KeyGroupRange, int>{{0, 127}, 128},
                                               {{43, 85}, 128},
                                               {{7, 7}, 128},
                                               {{0, 999}, 1000}}) {
    Fixture<int64_t> f(range, max_parallelism);
    Fixture<int64_t>::Model model;
    restore_groups(
        f, 200000, [](int group, int64_t key) { return group % 3 != 1 || key % 100 == 0; }, &model);
    EXPECT_EQ(f.contents(), model);
    const auto snapshot = f.snapshot();
    EXPECT_EQ(f.read(snapshot, false), model);
    for (const auto& [key, value] : model) EXPECT_TRUE(f.erase(key));
    EXPECT_EQ(f.table->pages(), 0u);
  }
}

TEST(CowTable, SnapshotOfAnEmptyTableIsEmpty) {
  Fixture<int64_t> f;
  auto snapshot = f.snapshot();
  f.put(1, 1);
  EXPECT_TRUE(f.read(snapshot).empty());
}

TEST(CowTable, FinishedPagesAreWrittenInPlace) {
  Fixture<int64_t> f;
  for (int64_t i = 0; i < 50000; ++i) f.put(i, i);
  auto snapshot = f.snapshot();
  f.read(snapshot);
  for (int64_t i = 0; i < 50000; ++i) f.put(i, -i);
  EXPECT_FALSE(f.tracker.has_garbage());

  auto unread = f.snapshot();
  f.put(1, 5);
  EXPECT_TRUE(f.tracker.has_garbage());
}

TEST(CowTable, FreesMemoryWhenTheSnapshotIsGone) {
  Fixture<int64_t> f;
  for (int64_t i = 0; i < 50000; ++i) f.put(i, i);
  auto snapshot = f.snapshot();
  for (int64_t i = 0; i < 50000; ++i) f.put(i, -i);
  const size_t live = f.live_bytes();
  EXPECT_FALSE(f.tracker.reclaim(1000));
  EXPECT_GT(f.tracker.memory()->retired.bytes(), live / 2);
  snapshot.progress->release_all();
  EXPECT_TRUE(f.tracker.reclaim(1));
  EXPECT_FALSE(f.tracker.reclaim(SIZE_MAX));
  EXPECT_FALSE(f.tracker.has_garbage());
  EXPECT_EQ(f.tracker.memory()->retired.bytes(), 0u);
  EXPECT_EQ(f.live_bytes(), live);
}

TEST(CowTable, SnapshotOutlivesTheOperator) {
  auto f = std::make_unique<Fixture<std::string>>();
  for (int i = 0; i < 2000; ++i)
    f->put("a key that is too long to be inside of the string " + std::to_string(i), i);
  auto snapshot = f->snapshot();
  for (int i = 0; i < 1000; ++i)
    f->put("a key that is too long to be inside of the string " + std::to_string(i), -1);
  f.reset();
  int64_t sum = 0;
  for (int group = 0; group < kMaxParallelism; ++group) {
    snapshot.view.for_each_of_group(group,
                                    [&](const std::string&, int64_t value) { sum += value; });
  }
  EXPECT_EQ(sum, 1999 * 2000 / 2);
}

TEST(CowTable, EntriesCanBeRemovedWhileASnapshotKeepsThePages) {
  Fixture<int64_t> f;
  Fixture<int64_t>::Model expected;
  for (int64_t i = 0; i < 20000; ++i) {
    f.put(i, i);
    expected[i] = i;
  }
  auto snapshot = f.snapshot();
  Fixture<int64_t>::Model drained;
  uint64_t cursor = 0;
  int calls = 0;
  while (f.table->drain_page(cursor, [&](int64_t key, int64_t value) { drained[key] = value; }))
    ++calls;
  EXPECT_EQ(drained, expected);
  EXPECT_GT(calls, 10);
  EXPECT_TRUE(f.table->empty());
  EXPECT_EQ(f.read(snapshot), expected);
}

/// Random operations compared with std::map, with up to three snapshots being read at once, each
/// group by group.
template <class K, class MakeKey>
void random_operations(KeyGroupRange range, int max_parallelism, uint64_t key_space, int steps,
                       uint64_t seed, MakeKey make_key) {
  Fixture<K> f(range, max_parallelism);
  typename Fixture<K>::Model model;
  struct Open {
    typename Fixture<K>::Snapshot snapshot;
    typename Fixture<K>::Model expected;
    typename Fixture<K>::Model read;
    int next_group;
  };
  std::vector<Open> open;
  std::mt19937_64 random(seed);
  for (int step = 0; step < steps; ++step) {
    const K key = make_key(random() % key_space);
    const bool ours = range.contains(key_group_of(Serializer<K>::hash(key), max_parallelism));
    const uint64_t what = random() % 1000;
    if (what < 550) {
      if (!ours) continue;
      f.put(key, step);
      model[key] = step;
    } else if (what < 900) {
      if (!ours) continue;
      ASSERT_EQ(f.erase(key), model.erase(key) == 1);
    } else if (what < 985) {
      if (!ours) continue;
      const int64_t* value = f.get(key);
      const auto it = model.find(key);
      ASSERT_EQ(value != nullptr, it != model.end());
      if (value != nullptr) { ASSERT_EQ(*value, it->second); }
    } else if (what < 987 && open.size() < 3) {
      open.push_back({f.snapshot(), model, {}, range.first});
    } else if (!open.empty()) {
      const size_t index = random() % open.size();
      Open& one = open[index];
      for (int i = 0; i < 10 && one.next_group <= range.last; ++i) {
        one.snapshot.view.for_each_of_group(one.next_group, [&](const K& k, int64_t v) {
          ASSERT_TRUE(one.read.emplace(k, v).second);
        });
        one.snapshot.progress->release(one.next_group++);
      }
      if (one.next_group > range.last) {
        ASSERT_EQ(one.read, one.expected);
        one.snapshot.progress->release_all();
        open.erase(open.begin() + static_cast<std::ptrdiff_t>(index));
      }
    } else {
      f.tracker.reclaim(4);
    }
    ASSERT_EQ(f.table->size(), model.size());
  }
  EXPECT_EQ(f.contents(), model);
  for (auto& one : open) one.snapshot.progress->release_all();
  f.tracker.reclaim(SIZE_MAX);
  EXPECT_FALSE(f.tracker.has_garbage());
}

TEST(CowTable, SnapshotsEqualTheTableIntegerKeys) {
  const auto integer = [](uint64_t n) { return static_cast<int64_t>(n); };
  for (uint64_t seed = 1; seed <= 4; ++seed)
    random_operations<int64_t>({0, 127}, 128, 20, 40000, seed, integer);
  random_operations<int64_t>({0, 127}, 128, 50000, 150000, 5, integer);
  random_operations<int64_t>({43, 85}, 128, 50000, 100000, 6, integer);
  random_operations<int64_t>({7, 7}, 128, 100000, 150000, 7, integer);
  random_operations<int64_t>({0, 999}, 1000, 50000, 100000, 8, integer);
}

TEST(CowTable, SnapshotsEqualTheTableStringKeys) {
  const auto string = [](uint64_t n) { return "the key of number " + std::to_string(n); };
  for (uint64_t seed = 1; seed <= 4; ++seed)
    random_operations<std::string>({0, 127}, 128, 200, 30000, seed, string);
  random_operations<std::string>({0, 63}, 128, 20000, 100000, 5, string);
}

}  // namespace
}  // namespace weir::detail
