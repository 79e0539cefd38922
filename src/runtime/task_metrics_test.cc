#include "runtime/task_metrics.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

using State = TimeMeter::State;
constexpr MonotonicTime ms(int64_t n) { return std::chrono::milliseconds(n); }

TEST(TimeMeter, TimeBelongsToTheStateThatWasEnteredBefore) {
  TimeMeter meter;
  EXPECT_EQ(meter.shares(ms(50)).idle, ms(0)) << "it has not begun";
  meter.enter(State::kIdle, ms(100));
  meter.enter(State::kIdle, ms(110));
  meter.enter(State::kBusy, ms(130));
  meter.enter(State::kBusy, ms(135));
  meter.enter(State::kBackPressured, ms(140));
  meter.enter(State::kBackPressured, ms(150));
  const TimeShares shares = meter.shares(ms(200));
  EXPECT_EQ(shares.idle, ms(30));
  EXPECT_EQ(shares.busy, ms(10));
  EXPECT_EQ(shares.back_pressured, ms(60)) << "up to the moment at which it is read";
}

}  // namespace
}  // namespace weir
