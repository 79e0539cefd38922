#include "runtime/watermark_valve.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(WatermarkValve, ReturnsTheMinimumOfAllChannels) {
  WatermarkValve valve(2);
  EXPECT_EQ(valve.on_watermark(0, 10), std::nullopt);
  EXPECT_EQ(valve.on_watermark(1, 5), 5);
  EXPECT_EQ(valve.on_watermark(1, 20), 10);
  EXPECT_EQ(valve.current(), 10);
}

TEST(WatermarkValve, IgnoresAWatermarkThatGoesBack) {
  WatermarkValve valve(1);
  EXPECT_EQ(valve.on_watermark(0, 10), 10);
  EXPECT_EQ(valve.on_watermark(0, 9), std::nullopt);
  EXPECT_EQ(valve.on_watermark(0, 10), std::nullopt);
  EXPECT_EQ(valve.current(), 10);
}

TEST(WatermarkValve, EndedChannelNoLongerHoldsBack) {
  WatermarkValve valve(2);
  EXPECT_EQ(valve.on_watermark(0, kMaxWatermark), std::nullopt);
  EXPECT_EQ(valve.on_watermark(1, -3), -3);
}

}  // namespace
}  // namespace weir
