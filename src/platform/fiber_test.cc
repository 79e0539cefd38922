#include "platform/fiber.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstdint>
#include <exception>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace weir {
namespace {

constexpr size_t kBytes = 256 * 1024;

/// Runs functions on a fiber.
struct Runner {
  Fiber fiber{kBytes};
  std::function<void()> work;

  void start(std::function<void()> what) {
    work = std::move(what);
    fiber.start([](void* self) { static_cast<Runner*>(self)->work(); }, this);
  }
};

TEST(Fiber, SuspendedCallContinuesWhereItStopped) {
  Runner runner;
  std::string order;
  runner.start([&] {
    for (int i = 0; i < 3; ++i) {
      order += std::to_string(i);
      runner.fiber.suspend();
    }
    order += "end";
  });
  while (runner.fiber.busy()) {
    order += " ";
    runner.fiber.resume();
  }
  EXPECT_EQ(order, "0 1 2 end");
}

TEST(Fiber, SuccessiveCallsUseTheSameStack) {
  Runner runner;
  std::vector<uintptr_t> places;
  for (int i = 0; i < 3; ++i) {
    runner.start([&] {
      places.push_back(reinterpret_cast<uintptr_t>(__builtin_frame_address(0)) / kBytes);
    });
    EXPECT_FALSE(runner.fiber.busy());
  }
  ASSERT_EQ(places.size(), 3u);
  EXPECT_EQ(places[0], places[1]);
  EXPECT_EQ(places[0], places[2]);
}

TEST(Fiber, FiberRunsWithinTheCallOfAnother) {
  Runner outer, inner;
  std::string order;
  inner.start([&] {
    order += "a";
    inner.fiber.suspend();
    order += "c";
  });
  outer.start([&] {
    order += "b";
    inner.fiber.resume();
    outer.fiber.suspend();
    order += "e";
  });
  order += "d";
  outer.fiber.resume();
  EXPECT_EQ(order, "abcde");
  EXPECT_FALSE(inner.fiber.busy());
}

TEST(Fiber, ExceptionsBelongToTheStackThatHandlesThem) {
  Runner first, second;
  std::string said;
  const auto handle = [&said](Fiber& fiber, const char* what) {
    try {
      throw std::runtime_error(what);
    } catch (const std::exception&) {
      fiber.suspend();
      try {
        throw;  // rethrows this stack's exception
      } catch (const std::exception& e) { said += e.what(); }
    }
  };
  first.start([&] { handle(first.fiber, "first"); });
  second.start([&] { handle(second.fiber, "second"); });
  EXPECT_EQ(std::current_exception(), nullptr);
  first.fiber.resume();
  second.fiber.resume();
  EXPECT_EQ(said, "firstsecond");
}

TEST(Fiber, CallThatIsBeingUnwoundCanBeSuspended) {
  struct SuspendsAtItsEnd {
    Fiber& fiber;
    ~SuspendsAtItsEnd() { fiber.suspend(); }
  };
  Runner runner;
  bool caught = false;
  runner.start([&] {
    try {
      const SuspendsAtItsEnd guard{runner.fiber};
      throw 1;
    } catch (int) { caught = true; }
  });
  EXPECT_EQ(std::uncaught_exceptions(), 0);
  EXPECT_FALSE(caught);
  runner.fiber.resume();
  EXPECT_TRUE(caught);
}

TEST(Fiber, AnotherThreadResumesACall) {
  Runner runner;
  std::string order;
  std::thread([&] {
    runner.start([&] {
      order += "begun ";
      runner.fiber.suspend();
      try {
        throw std::runtime_error("thrown");
      } catch (const std::exception& e) { order += e.what(); }
    });
  }).join();
  runner.fiber.resume();
  EXPECT_EQ(order, "begun thrown");
}

int depth_that_fits(int depth) {
  volatile char frame[1024];
  frame[0] = static_cast<char>(depth);
  return depth == 0 ? 0 : depth_that_fits(depth - 1) + 1 + frame[0] - static_cast<char>(depth);
}

TEST(Fiber, StackIsAsLargeAsThatOfAThread) {
  EXPECT_GE(Fiber::thread_stack_bytes(), 1u << 20);
  Fiber fiber(Fiber::thread_stack_bytes());
  int deep = static_cast<int>(Fiber::thread_stack_bytes() / 1024 / 4);
  fiber.start(
      [](void* depth) { *static_cast<int*>(depth) = depth_that_fits(*static_cast<int*>(depth)); },
      &deep);
  EXPECT_EQ(deep, static_cast<int>(Fiber::thread_stack_bytes() / 1024 / 4));
}

TEST(FiberDeathTest, OverflowEndsTheProcess) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        Runner runner;
        runner.start([] { depth_that_fits(1 << 20); });
      },
      "");
}

TEST(FiberPool, FibersAreReused) {
  FiberPool pool(kBytes);
  std::unique_ptr<Fiber> one = pool.take();
  std::unique_ptr<Fiber> two = pool.take();
  Fiber* const first = one.get();
  EXPECT_NE(first, two.get());
  pool.recycle(std::move(one));
  EXPECT_EQ(pool.take().get(), first);
}

}  // namespace
}  // namespace weir
