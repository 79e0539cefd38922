#include "weir/operator/batch.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

using Timestamps = std::vector<Timestamp>;

TEST(Batch, WithoutTimestampsHasNoColumnForThem) {
  BatchOf<int> batch;
  batch.add(1);
  batch.add(2, kNoTimestamp);
  EXPECT_TRUE(batch.timestamps.empty());
  EXPECT_EQ(batch.timestamp(1), kNoTimestamp);
}

TEST(Batch, KeepsTimestampsOfRecordsWithAndWithoutOneApart) {
  BatchOf<int> batch;
  batch.add(1);
  batch.add(2, 20);
  batch.add(3);
  batch.add(4, kNoTimestamp);
  batch.add(5, 50);
  EXPECT_EQ(batch.timestamps, (Timestamps{kNoTimestamp, 20, kNoTimestamp, kNoTimestamp, 50}));

  BatchOf<int> even, odd;
  Batch* const targets[] = {&even, &odd};
  const uint16_t which[] = {1, 0, 1, 0, 1};
  batch.scatter(which, targets);
  EXPECT_EQ(even.timestamps, (Timestamps{20, kNoTimestamp}));
  EXPECT_EQ(odd.timestamps, (Timestamps{kNoTimestamp, kNoTimestamp, 50}));
}

}  // namespace
}  // namespace weir
