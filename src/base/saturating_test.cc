#include "weir/detail/base/saturating.h"

#include <gtest/gtest.h>

#include <limits>

namespace weir::detail {
namespace {

using std::chrono::days;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

TEST(Saturating, SumsAndDifferencesStopAtTheEnds) {
  EXPECT_EQ(saturating_add(3, -5), -2);
  EXPECT_EQ(saturating_add(kMax, 1), kMax);
  EXPECT_EQ(saturating_add(kMin, -1), kMin);
  EXPECT_EQ(saturating_add(kMin, kMax), -1);
  EXPECT_EQ(saturating_sub(3, 5), -2);
  EXPECT_EQ(saturating_sub(kMin, 1), kMin);
  EXPECT_EQ(saturating_sub(kMax, -1), kMax);
  EXPECT_EQ(saturating_sub(0, kMin), kMax);
  EXPECT_EQ(saturating_sub(-1, kMin), kMax);
}

TEST(Saturating, CastsRoundDownAndStopAtTheEnds) {
  EXPECT_EQ(saturating_cast<nanoseconds>(milliseconds(-7)), nanoseconds(-7'000'000));
  EXPECT_EQ(saturating_cast<milliseconds>(nanoseconds(1'999'999)), milliseconds(1));
  EXPECT_EQ(saturating_cast<milliseconds>(nanoseconds(-1)), milliseconds(-1));
  EXPECT_EQ(saturating_cast<nanoseconds>(milliseconds(253'402'300'799'000)), nanoseconds::max());
  EXPECT_EQ(saturating_cast<nanoseconds>(milliseconds(kMin)), nanoseconds::min());
  EXPECT_EQ(saturating_cast<milliseconds>(days(kMax)), milliseconds::max());
  EXPECT_EQ(saturating_cast<milliseconds>(milliseconds(kMin)), milliseconds(kMin));
  EXPECT_EQ(saturating_cast<milliseconds>(std::chrono::duration<uint64_t, std::milli>(UINT64_MAX)),
            milliseconds::max());
}

TEST(Saturating, CastsTakeFloatingPoint) {
  using Seconds = std::chrono::duration<double>;
  EXPECT_EQ(saturating_cast<milliseconds>(Seconds(1.5)), milliseconds(1500));
  EXPECT_EQ(saturating_cast<milliseconds>(Seconds(-0.0001)), milliseconds(-1));
  EXPECT_EQ(saturating_cast<milliseconds>(Seconds(1e300)), milliseconds::max());
  EXPECT_EQ(saturating_cast<milliseconds>(Seconds(-1e300)), milliseconds::min());
  EXPECT_EQ(saturating_cast<milliseconds>(Seconds(std::numeric_limits<double>::quiet_NaN())),
            milliseconds(0));
}

}  // namespace
}  // namespace weir::detail
