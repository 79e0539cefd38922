#include "weir/detail/state/cow_map.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <random>
#include <string>

namespace weir::detail {
namespace {

using Map = CowMap<int64_t, std::string, std::less<int64_t>>;
using Reference = std::map<int64_t, std::string>;

template <class M>
auto entries_of(const M& map) {
  std::map<std::decay_t<decltype((*map.begin()).first)>,
           std::decay_t<decltype((*map.begin()).second)>>
      all;
  size_t count = 0;
  for (const auto& [key, value] : map) {
    EXPECT_TRUE(all.empty() || all.rbegin()->first < key);
    all.emplace(key, value);
    ++count;
  }
  EXPECT_EQ(count, map.size());
  return all;
}

TEST(CowMap, AnEmptyMapHasNoEntries) {
  Map map;
  EXPECT_TRUE(map.empty());
  EXPECT_EQ(map.find(1), nullptr);
  EXPECT_EQ(map.find_mutable(1), nullptr);
  EXPECT_FALSE(map.erase(1));
  EXPECT_TRUE(map.begin() == map.end());
}

/// Random operations on a map and a std::map, with copies in between that must not change.
void compare_with_std_map(uint32_t seed, int64_t keys, int erase_percent) {
  std::mt19937 random(seed);
  Map map;
  Reference expected;
  std::vector<std::pair<Map, Reference>> copies;
  for (int step = 0; step < 30'000; ++step) {
    const auto key = static_cast<int64_t>(random()) % keys;
    if (static_cast<int>(random() % 100) < erase_percent) {
      EXPECT_EQ(map.erase(key), expected.erase(key) == 1);
    } else {
      const std::string value = std::to_string(step);
      map.find_or_insert(key, [] { return std::string(); }) = value;
      expected[key] = value;
    }
    if (random() % 64 == 0) {
      const auto probe = static_cast<int64_t>(random()) % keys;
      const std::string* found = map.find(probe);
      const auto it = expected.find(probe);
      ASSERT_EQ(found != nullptr, it != expected.end());
      if (found != nullptr) { ASSERT_EQ(*found, it->second); }
    }
    if (step % 3'000 == 0) copies.emplace_back(map, expected);
    if (random() % 64 == 0) {
      const auto probe = static_cast<int64_t>(random()) % keys;
      const auto found = map.lower_bound(probe);
      const auto it = expected.lower_bound(probe);
      ASSERT_EQ(found == map.end(), it == expected.end());
      if (it != expected.end()) { ASSERT_EQ((*found).first, it->first); }
    }
    // Also erase nearly everything now and then, so that nodes are joined.
    if (step % 7'000 == 6'999) {
      map.erase_if([](int64_t k, const std::string&) { return k % 97 != 0; });
      std::erase_if(expected, [](const auto& entry) { return entry.first % 97 != 0; });
    }
  }
  ASSERT_EQ(entries_of(map), expected);
  for (const auto& [copy, then] : copies) ASSERT_EQ(entries_of(copy), then);
}

TEST(CowMap, BehavesLikeAMapWhoseCopiesAreIndependent) {
  for (uint32_t seed = 0; seed < 6; ++seed) {
    compare_with_std_map(seed, 10, 50);
    compare_with_std_map(seed, 5'000, 30);
    compare_with_std_map(seed, 1'000'000, 48);
  }
}

TEST(CowMap, EntriesInOrderFillTheLeaves) {
  CowMap<int64_t, int64_t, std::less<int64_t>> map;
  for (int64_t i = 0; i < 100'000; ++i) map.find_or_insert(i, [&] { return -i; });
  EXPECT_EQ(map.size(), 100'000u);
  // A queue: new keys at the end, old ones removed.
  for (int64_t i = 100'000; i < 400'000; ++i) {
    map.find_or_insert(i, [&] { return -i; });
    ASSERT_TRUE(map.erase(i - 100'000));
  }
  int64_t expected = 300'000;
  for (const auto& [key, value] : map) {
    ASSERT_EQ(key, expected);
    ASSERT_EQ(value, -expected++);
  }
  EXPECT_EQ(expected, 400'000);
}

struct Counted {
  Counted() = default;
  Counted(const Counted&) { ++copies; }
  Counted& operator=(const Counted&) {
    ++copies;
    return *this;
  }
  Counted(Counted&&) noexcept {}
  Counted& operator=(Counted&&) noexcept { return *this; }
  static inline int copies = 0;
};

TEST(CowMap, AWriteCopiesOneLeafOfASharedMapAndNothingLater) {
  using Large = CowMap<int64_t, Counted, std::less<int64_t>>;
  Large map;
  for (int64_t i = 0; i < 100'000; ++i) map.find_or_insert(i, [] { return Counted(); });
  const Large snapshot = map;
  Counted::copies = 0;
  (void)map.find(50'000);
  EXPECT_EQ(Counted::copies, 0);
  (void)map.find_mutable(50'000);
  EXPECT_GT(Counted::copies, 0);
  EXPECT_LE(Counted::copies, static_cast<int>(Large::kLeafEntries));
  Counted::copies = 0;
  (void)map.find_mutable(50'000);
  (void)map.find_mutable(-1);
  EXPECT_EQ(Counted::copies, 0);
}

TEST(CowMap, AnExceptionWhileAValueIsMadeLeavesTheMapUnchanged) {
  Map map;
  map.find_or_insert(1, [] { return std::string("one"); });
  EXPECT_THROW(map.find_or_insert(2, []() -> std::string { throw std::runtime_error("no"); }),
               std::runtime_error);
  EXPECT_EQ(entries_of(map), (Reference{{1, "one"}}));
}

}  // namespace
}  // namespace weir::detail
