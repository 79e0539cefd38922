#include "weir/window/windows.h"

#include <gtest/gtest.h>

#include <random>

#include "weir/detail/time/batch_watermarks.h"
#include "weir/time/watermark_strategy.h"

namespace weir {
namespace {

using std::chrono::milliseconds;

/// Yields random int64_t values. Half of them are near the minimum, the maximum or zero.
class AnyInt64 {
 public:
  int64_t next() {
    const auto near = static_cast<int64_t>(random_() % 100'000);
    switch (random_() % 6) {
      case 0: return INT64_MIN + near;
      case 1: return INT64_MAX - near;
      case 2: return near - 50'000;
      default: return static_cast<int64_t>(random_());
    }
  }

 private:
  std::mt19937_64 random_{7};
};

/// The start of the window that `t` belongs to, in integers that do not overflow.
__extension__ using Wide = __int128;
Wide start_of(Wide t, Wide size, Wide offset) {
  Wide into = (t - offset) % size;
  if (into < 0) into += size;
  return t - into;
}

TEST(TumblingEventTimeWindows, AreCorrectForAllTimestamps) {
  AnyInt64 any;
  for (int i = 0; i < 300'000; ++i) {
    const int64_t size = std::max<int64_t>(1, any.next() & INT64_MAX);
    const int64_t offset = any.next();
    const Timestamp t = std::max(any.next(), kNoTimestamp + 1);
    const TimeWindow window =
        TumblingEventTimeWindows::of(milliseconds(size), milliseconds(offset)).window_of(t);
    ASSERT_LT(window.start, window.end) << t << " size " << size << " offset " << offset;
    ASSERT_FALSE(window.contains(kNoTimestamp));
    if (t == INT64_MAX) continue;
    ASSERT_TRUE(window.contains(t))
        << t << " size " << size << " offset " << offset << ": " << window;
    const Wide start = start_of(t, size, offset), end = start + size;
    ASSERT_EQ(window.start, start > kNoTimestamp ? static_cast<int64_t>(start) : kNoTimestamp + 1);
    ASSERT_EQ(window.end, end < INT64_MAX ? static_cast<int64_t>(end) : INT64_MAX);
  }
}

TEST(TumblingEventTimeWindows, MaximumTimestampBelongsToTheLastWindow) {
  for (const int64_t size : {int64_t{1}, int64_t{7}, int64_t{60'000}, INT64_MAX}) {
    const auto windows = TumblingEventTimeWindows::of(milliseconds(size));
    EXPECT_EQ(windows.window_of(INT64_MAX), windows.window_of(INT64_MAX - 1)) << size;
  }
}

TEST(TimeWindow, EndingAtTheMinimumTimeHasALastTimestamp) {
  EXPECT_EQ((TimeWindow{INT64_MIN, INT64_MIN}).max_timestamp(), INT64_MIN);
}

class LastWatermark final : public WatermarkOutput {
 public:
  void emit_watermark(Timestamp watermark) override { value = watermark; }
  void mark_idle() override {}
  void mark_active() override {}
  Timestamp value = kMinWatermark;
};

TEST(BoundedOutOfOrderness, TrailsByItsBoundForAllTimestamps) {
  AnyInt64 any;
  for (int i = 0; i < 100'000; ++i) {
    const int64_t bound = any.next() & INT64_MAX;
    const Timestamp newest = any.next();
    BatchOf<int> batch;
    batch.records = {0};
    batch.timestamps = {newest};
    detail::BoundedOutOfOrderness<int> watermarks(bound);
    LastWatermark last;
    watermarks.on_records(batch, 0, 1, last);
    watermarks.on_periodic_emit(last);
    const Wide exact = Wide{newest} - bound - 1;
    ASSERT_EQ(last.value, exact > INT64_MIN ? static_cast<int64_t>(exact) : INT64_MIN);
  }
}

TEST(WatermarkStrategy, TimesOutOfRangeBecomeTheNearestTimestamp) {
  using Hours = std::chrono::time_point<std::chrono::system_clock,
                                        std::chrono::duration<int64_t, std::ratio<3600>>>;
  EXPECT_EQ(detail::as_timestamp(Hours::max()), kMaxWatermark);
  EXPECT_EQ(detail::as_timestamp(UINT64_MAX), kMaxWatermark);
  EXPECT_EQ(detail::as_timestamp(int64_t{-5}), -5);
  EXPECT_EQ(detail::as_timestamp(uint32_t{5}), 5);
}

}  // namespace
}  // namespace weir
