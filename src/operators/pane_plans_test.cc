#include "weir/detail/window/pane_plans.h"

#include <gtest/gtest.h>

#include <random>

#include "weir/window/windows.h"

namespace weir::detail {
namespace {

using std::chrono::milliseconds;

/// The windows of a timestamp, by Flink's definition (SlidingEventTimeWindows.assignWindows), in
/// the order of time.
std::vector<TimeWindow> sliding(Timestamp t, Timestamp size, Timestamp slide, Timestamp offset) {
  WideTime start = floor_div(WideTime{t} - offset, slide) * slide + offset;
  std::vector<TimeWindow> windows;
  for (; start > WideTime{t} - size; start -= slide)
    windows.insert(windows.begin(), {clamp_time(start), clamp_time(start + size)});
  return windows;
}

template <class Plan>
std::vector<TimeWindow> windows_of(const Plan& plan, Timestamp t) {
  const Pane pane = plan.pane_of(t);
  std::vector<TimeWindow> windows;
  for (int64_t w = plan.first_window(pane.number); w <= plan.last_window(pane.number); ++w) {
    EXPECT_LE(plan.first_pane(w), pane.number);
    EXPECT_GE(plan.last_pane(w), pane.number);
    windows.push_back(plan.window(w));
  }
  return windows;
}

struct Sizes {
  Timestamp size, slide, offset;
};
const Sizes kSizes[] = {{10, 5, 0}, {10, 10, 3},  {10, 3, 0},   {7, 3, 2}, {3, 10, 0},
                        {3, 10, 9}, {60, 1, 0},   {9, 6, 1},    {1, 1, 0}, {5, 2, 1},
                        {4, 6, 5},  {1000, 7, 6}, {100, 99, 50}};

TEST(SlidingPlan, AssignsTheWindowsOfFlinkBeforeAndAfter1970) {
  for (const auto& [size, slide, offset] : kSizes) {
    const SlidingPlan plan(size, slide, offset);
    for (Timestamp t = -300; t < 300; ++t) {
      ASSERT_EQ(windows_of(plan, t), sliding(t, size, slide, offset))
          << t << " size " << size << " slide " << slide << " offset " << offset;
      ASSERT_TRUE(plan.pane_of(t).contains(t));
    }
  }
}

TEST(SlidingPlan, AssignsTheWindowsOfFlinkAtTheLimitsOfTime) {
  for (const Timestamp edge : {kNoTimestamp + 1, kMaxWatermark - 300}) {
    for (Timestamp t = edge; t < edge + 300; ++t) {
      for (const auto& [size, slide, offset] : kSizes) {
        if (slide == 1 && t < 0) continue;  // the numbers of panes end where the timestamps do
        const SlidingPlan plan(size, slide, offset);
        if (std::gcd(size, slide) == 1 && t < 0) continue;
        ASSERT_EQ(windows_of(plan, t), sliding(t, size, slide, offset))
            << t << " size " << size << " slide " << slide << " offset " << offset;
      }
    }
  }
}

TEST(SlidingPlan, ClosesTheWindowsThatEndByTheWatermark) {
  for (const auto& [size, slide, offset] : kSizes) {
    const SlidingPlan plan(size, slide, offset);
    for (Timestamp watermark = -200; watermark < 200; ++watermark) {
      const int64_t closed = plan.closed_by(watermark);
      ASSERT_LE(plan.window(closed).max_timestamp(), watermark);
      ASSERT_GT(plan.window(closed + 1).max_timestamp(), watermark);
    }
    EXPECT_EQ(plan.closed_by(kMinWatermark), INT64_MIN);
    EXPECT_EQ(plan.closed_by(kMaxWatermark), INT64_MAX);
    EXPECT_EQ(plan.closed_by(kMaxWatermark - 1), INT64_MAX);
  }
}

TEST(SlidingPlan, HasAWindowForEveryTimestampWhateverItsSize) {
  std::mt19937_64 random(3);
  const auto any = [&]() -> int64_t {
    const auto near = static_cast<int64_t>(random() % 1000);
    switch (random() % 4) {
      case 0: return INT64_MIN + 1 + near;
      case 1: return INT64_MAX - near;
      case 2: return near - 500;
      default: return static_cast<int64_t>(random());
    }
  };
  for (int i = 0; i < 200'000; ++i) {
    const Timestamp size = std::max<int64_t>(1, any() & INT64_MAX);
    const Timestamp slide = std::min(size, std::max<int64_t>(1, any() & INT64_MAX));
    const SlidingPlan plan(size, slide, floor_mod(any(), slide));
    const Timestamp t = std::max(any(), kNoTimestamp + 1);
    const Pane pane = plan.pane_of(t);
    ASSERT_LE(plan.first_window(pane.number), plan.last_window(pane.number));
    const TimeWindow window = plan.window(plan.last_window(pane.number));
    ASSERT_LT(window.start, window.end);
    ASSERT_FALSE(window.contains(kNoTimestamp));
  }
}

TEST(CumulativePlan, WindowsBeginTogetherAndGrowByTheStep) {
  const CumulativePlan plan(10, 30, 5);
  using Windows = std::vector<TimeWindow>;
  EXPECT_EQ(windows_of(plan, 5), (Windows{{5, 15}, {5, 25}, {5, 35}}));
  EXPECT_EQ(windows_of(plan, 14), (Windows{{5, 15}, {5, 25}, {5, 35}}));
  EXPECT_EQ(windows_of(plan, 15), (Windows{{5, 25}, {5, 35}}));
  EXPECT_EQ(windows_of(plan, 34), (Windows{{5, 35}}));
  EXPECT_EQ(windows_of(plan, 35), (Windows{{35, 45}, {35, 55}, {35, 65}}));
  EXPECT_EQ(windows_of(plan, -1), (Windows{{-25, 5}}));
  EXPECT_EQ(windows_of(plan, -26), (Windows{{-55, -25}}));
  EXPECT_EQ(plan.window(plan.closed_by(24)), (TimeWindow{5, 25}));
  EXPECT_EQ(plan.window(plan.closed_by(23)), (TimeWindow{5, 15}));
}

TEST(SlidingEventTimeWindows, ReportASizeOrSlideThatIsNotPositive) {
  const auto problem = [](int64_t size, int64_t slide) {
    return SlidingEventTimeWindows::of(milliseconds(size), milliseconds(slide)).setup_problem();
  };
  EXPECT_EQ(problem(1, 1), "");
  EXPECT_EQ(problem(0, 1),
            "a sliding window must be at least 1 ms long, and SlidingEventTimeWindows::of() is "
            "given 0 ms");
  EXPECT_EQ(problem(5, -1),
            "the slide of windows must be at least 1 ms long, and SlidingEventTimeWindows::of() is "
            "given -1 ms");
}

}  // namespace
}  // namespace weir::detail
