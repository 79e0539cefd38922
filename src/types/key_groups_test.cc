#include "weir/operator/key_groups.h"

#include <gtest/gtest.h>

#include "weir/types/types.h"

namespace weir {
namespace {

int group_of(const std::string& key, int max_parallelism) {
  return key_group_of(Serializer<std::string>::hash(key), max_parallelism);
}

TEST(KeyGroups, KeysBelongToFlinksGroups) {
  EXPECT_EQ(group_of("alice", 128), 116);
  EXPECT_EQ(group_of("bob", 128), 87);
  EXPECT_EQ(group_of("carol", 128), 15);
}

TEST(KeyGroups, SubtasksShareTheGroupsWithoutGapOrOverlap) {
  EXPECT_EQ(key_groups_of_subtask(0, 3, 128), (KeyGroupRange{0, 42}));
  EXPECT_EQ(key_groups_of_subtask(1, 3, 128), (KeyGroupRange{43, 85}));
  EXPECT_EQ(key_groups_of_subtask(2, 3, 128), (KeyGroupRange{86, 127}));
  for (const auto& [parallelism, max_parallelism] :
       {std::pair{1, 128}, {7, 128}, {128, 128}, {5, 1000}, {999, 32768}}) {
    int next = 0;
    for (int subtask = 0; subtask < parallelism; ++subtask) {
      const KeyGroupRange range = key_groups_of_subtask(subtask, parallelism, max_parallelism);
      EXPECT_EQ(range.first, next);
      for (int group = range.first; group <= range.last; ++group) {
        EXPECT_EQ(subtask_of_key_group(group, parallelism, max_parallelism), subtask);
      }
      next = range.last + 1;
    }
    EXPECT_EQ(next, max_parallelism);
  }
}

TEST(KeyGroups, RangeContainsItsFirstAndItsLast) {
  const KeyGroupRange range{43, 85};
  EXPECT_FALSE(range.contains(42));
  EXPECT_TRUE(range.contains(43));
  EXPECT_TRUE(range.contains(85));
  EXPECT_FALSE(range.contains(86));
}

TEST(KeyGroups, DefaultMaxParallelismIsFlinks) {
  EXPECT_EQ(default_max_parallelism(1), 128);
  EXPECT_EQ(default_max_parallelism(85), 128);
  EXPECT_EQ(default_max_parallelism(86), 256);
  EXPECT_EQ(default_max_parallelism(171), 256);
  EXPECT_EQ(default_max_parallelism(1000), 2048);
  EXPECT_EQ(default_max_parallelism(32768), 32768);
}

TEST(KeyGroups, HashOfMinimumIsNotNegative) {
  for (const int32_t code : {INT32_MIN, -1, 0, 1, INT32_MAX}) EXPECT_GE(murmur_hash(code), 0);
}

}  // namespace
}  // namespace weir
