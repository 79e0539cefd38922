#include "weir/detail/window/panes_of_key.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "weir/detail/window/kept_in_window.h"
#include "weir/detail/window/pane_plans.h"

namespace weir::detail {
namespace {

/// Keeps all its records, so that a test sees which ones a window includes. Counts merges.
struct Collect {
  using Accumulator = std::vector<int64_t>;
  int64_t* merges;
  Accumulator create_accumulator() const { return {}; }
  void add(int64_t record, Accumulator& all) const { all.push_back(record); }
  void merge(const Accumulator& from, Accumulator& into) const {
    ++*merges;
    into.insert(into.end(), from.begin(), from.end());
  }
  Accumulator get_result(const Accumulator& all) const { return all; }
};
using Kept = AggregateInWindow<int64_t, Collect>;
using Panes = PanesOfKey<std::vector<int64_t>>;

std::vector<int64_t> sorted(std::vector<int64_t> records) {
  std::sort(records.begin(), records.end());
  return records;
}
Panes restored(const Panes& panes) {
  BinaryWriter out;
  Serializer<Panes>::write(out, panes);
  BinaryReader in(out.buffer());
  Panes copy;
  Serializer<Panes>::read(in, copy);
  EXPECT_TRUE(in.ok());
  EXPECT_EQ(in.remaining(), 0u);
  return copy;
}

TEST(PanesOfKey, AWindowHasTheRecordsOfItsPanesInAnyOrderOfArrival) {
  for (uint32_t seed = 0; seed < 300; ++seed) {
    std::mt19937 random(seed);
    const auto below = [&](int64_t n) { return static_cast<int64_t>(random()) % n; };
    int64_t merges = 0;
    const Kept kept{{&merges}};
    const SlidingPlan plan(1 + below(12), 1 + below(5), 0);
    Panes panes;
    std::multimap<int64_t, int64_t> model;  // records by pane
    int64_t next = 0;
    for (int64_t window = below(3); window < 40; window += 1 + below(2)) {
      const int64_t first = plan.first_pane(window), last = plan.last_pane(window);
      if (last < first) continue;
      for (int64_t i = below(6); i > 0; --i) {
        // Also panes that earlier windows have included, and some that later ones will.
        const int64_t pane = first + below(last - first + 4);
        panes.add(kept, pane, next);
        model.emplace(pane, next++);
      }
      if (below(3) == 0 && !panes.empty()) panes = restored(panes);
      panes.forget_before(kept, first);
      std::vector<int64_t> expected;
      for (auto at = model.lower_bound(first); at != model.upper_bound(last); ++at)
        expected.push_back(at->second);
      const auto value = panes.value_up_to(kept, last);
      ASSERT_EQ(sorted(value.value_or(std::vector<int64_t>())), sorted(expected))
          << "seed " << seed << " window " << window;
      panes.forget_before(kept, plan.first_pane(window + 1));
      ASSERT_EQ(panes.empty(), model.lower_bound(plan.first_pane(window + 1)) == model.end());
    }
  }
}

TEST(PanesOfKey, CombinesAWindowWithThreeMergesWhateverItsNumberOfPanes) {
  int64_t merges = 0;
  const Kept kept{{&merges}};
  const SlidingPlan plan(1000, 1, 0);
  Panes panes;
  for (int64_t window = -1000; window < 10'000; ++window) {
    panes.add(kept, plan.last_pane(window), window);
    panes.forget_before(kept, plan.first_pane(window));
    ASSERT_EQ(panes.value_up_to(kept, plan.last_pane(window))->size(),
              static_cast<size_t>(std::min<int64_t>(window + 1001, 1000)));
    ASSERT_LE(panes.size(), 1000u);
  }
  EXPECT_LE(merges, 3 * 11'000);
}

TEST(PanesOfKey, AStreamWhoseNumbersContradictEachOtherIsRefused) {
  int64_t merges = 0;
  Panes panes;
  panes.add(Kept{{&merges}}, 3, 7);
  panes.add(Kept{{&merges}}, 4, 8);
  BinaryWriter out;
  Serializer<Panes>::write(out, panes);
  const std::string good(out.buffer());
  for (const auto& [at, byte] :
       std::vector<std::pair<size_t, char>>{{11, 3}, {15, 1}, {8, '\x80'}, {23, 0}, {31, 5}}) {
    std::string bad = good;
    bad[at] = byte;
    BinaryReader in(bad);
    Panes read;
    Serializer<Panes>::read(in, read);
    EXPECT_FALSE(in.ok() && in.remaining() == 0) << at;
  }
}

}  // namespace
}  // namespace weir::detail
