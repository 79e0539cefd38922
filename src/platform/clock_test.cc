#include "platform/clock.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(TimeWhenDue, NeitherPrecedesNowNorWrapsAround) {
  const MonotonicTime now = std::chrono::hours(1);
  EXPECT_EQ(time_when_due(now, 1000, 1250), now + std::chrono::milliseconds(250));
  EXPECT_EQ(time_when_due(now, 1000, 400), now);
  EXPECT_EQ(time_when_due(now, 1000, INT64_MIN), now);
  EXPECT_EQ(time_when_due(now, 1'700'000'000'000, 253'402'300'799'000), MonotonicTime::max())
      << "the end of the year 9999";
  EXPECT_EQ(time_when_due(now, 1'700'000'000'000, INT64_MAX - 1), MonotonicTime::max());
  EXPECT_EQ(time_when_due(now, -5, INT64_MAX - 1), MonotonicTime::max());
}

}  // namespace
}  // namespace weir
