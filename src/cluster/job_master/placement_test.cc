#include "cluster/job_master/placement.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(PlaceShards, SpreadsOverHostsFirst) {
  const std::vector<WorkerOffer> offers = {{"a1", "a", 4}, {"a2", "a", 4}, {"b1", "b", 4}};
  EXPECT_EQ(place_shards(offers, 2), (std::vector<int>{0, 2}));
  EXPECT_EQ(place_shards(offers, 4), (std::vector<int>{0, 2, 1, 2}));
}

TEST(PlaceShards, FillsOtherHostsWhenAHostIsFull) {
  const std::vector<WorkerOffer> offers = {{"a1", "a", 1}, {"b1", "b", 3}};
  EXPECT_EQ(place_shards(offers, 4), (std::vector<int>{0, 1, 1, 1}));
}

TEST(PlaceShards, DoesNotDependOnTheOrderOfTheOffers) {
  const std::vector<WorkerOffer> offers = {{"x", "a", 2}, {"y", "a", 2}, {"z", "b", 2}};
  const std::vector<WorkerOffer> reversed(offers.rbegin(), offers.rend());
  const auto names = [](const std::vector<WorkerOffer>& of, const std::vector<int>& placed) {
    std::vector<std::string> result;
    for (const int i : placed) result.push_back(of[i].worker);
    return result;
  };
  EXPECT_EQ(names(offers, place_shards(offers, 5)), names(reversed, place_shards(reversed, 5)));
}

TEST(PlaceShards, GivesNoWorkerMoreThanItsSlots) {
  const std::vector<WorkerOffer> offers = {{"a", "h1", 3}, {"b", "h2", 1}, {"c", "h3", 2}};
  std::vector<int> used(3);
  for (const int i : place_shards(offers, 6)) ++used[i];
  EXPECT_EQ(used, (std::vector<int>{3, 1, 2}));
}

TEST(PlaceShards, FillsAHostWhoseWorkersHaveDifferentNumbersOfSlots) {
  const std::vector<WorkerOffer> offers = {{"a", "h1", 1}, {"b", "h1", 3}, {"none", "h1", 0}};
  EXPECT_EQ(place_shards(offers, 4), (std::vector<int>{0, 1, 1, 1}));
}

TEST(PlaceShards, LeavesShardsWhereTheyWere) {
  const std::vector<WorkerOffer> offers = {{"a", "h1", 1}, {"b", "h2", 2}, {"new", "h3", 1}};
  EXPECT_EQ(place_shards(offers, 3, {"b", "gone", "a"}), (std::vector<int>{1, 2, 0}));
  EXPECT_EQ(place_shards(offers, 2, {"a", "a", "b"}), (std::vector<int>{0, 1}))
      << "no worker gets more than its slots";
}

}  // namespace
}  // namespace weir
