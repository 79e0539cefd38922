#include "platform/ticker.h"

#include <gtest/gtest.h>

#include <atomic>

#include "platform/wakeup.h"

namespace weir {
namespace {

TEST(TickerTest, CallsAgainAndAgainUntilItIsDestroyed) {
  std::atomic<int> calls{0};
  Wakeup thrice;
  {
    Ticker ticker(std::chrono::milliseconds(1), [&] {
      if (++calls == 3) thrice.wake();
    });
    while (calls < 3) thrice.wait(std::chrono::seconds(1));
  }
  const int at_the_end = calls;
  Wakeup().wait(std::chrono::milliseconds(20));
  EXPECT_EQ(calls, at_the_end);
}

TEST(TickerTest, EndDoesNotWaitForThePeriod) {
  bool called = false;
  {
    const Ticker ticker(std::chrono::hours(1), [&] { called = true; });
  }
  EXPECT_FALSE(called);
}

}  // namespace
}  // namespace weir
