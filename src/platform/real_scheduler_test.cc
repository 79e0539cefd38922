#include "platform/real_scheduler.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include "platform/mailbox.h"
#include "platform/real_clock.h"

namespace weir {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Longer than any step on a slow machine; only a failing test waits this long.
constexpr seconds kPatience(60);

struct FunctionActor : Actor {
  explicit FunctionActor(std::function<MonotonicTime()> step_function)
      : step_function(std::move(step_function)) {}
  MonotonicTime step() override { return step_function(); }
  std::function<MonotonicTime()> step_function;
};

/// True if an actor gets a step without being woken.
bool is_stepped(RealScheduler& scheduler, ActorOptions options) {
  std::promise<void> stepped;
  bool first = true;
  FunctionActor actor([&] {
    if (first) stepped.set_value();
    first = false;
    return Actor::kIdle;
  });
  auto handle = scheduler.start("first", actor, options);
  return stepped.get_future().wait_for(kPatience) == std::future_status::ready;
}

TEST(RealScheduler, FirstStepComesByItself) {
  RealScheduler scheduler;
  EXPECT_TRUE(is_stepped(scheduler, {}));
}

TEST(RealScheduler, BusyActorIsSteppedAgainWithoutWake) {
  RealScheduler scheduler;
  std::promise<void> done;
  int steps = 0;
  FunctionActor actor([&] {
    if (++steps == 1000) done.set_value();
    return steps < 1000 ? Actor::kBusy : Actor::kIdle;
  });
  auto handle = scheduler.start("busy", actor, {});
  EXPECT_EQ(done.get_future().wait_for(kPatience), std::future_status::ready);
}

TEST(RealScheduler, ActorIsSteppedAtTheTimeItReturned) {
  RealScheduler scheduler;
  RealClock clock;
  std::promise<MonotonicTime> stepped;
  MonotonicTime wanted{};
  int steps = 0;
  FunctionActor actor([&] {
    if (++steps == 1) return wanted = clock.now() + milliseconds(5);
    if (clock.now() < wanted) return wanted;
    if (wanted != MonotonicTime::max()) stepped.set_value(clock.now() - wanted);
    return wanted = Actor::kIdle;
  });
  auto handle = scheduler.start("timed", actor, {});
  auto result = stepped.get_future();
  ASSERT_EQ(result.wait_for(kPatience), std::future_status::ready);
  EXPECT_GE(result.get().count(), 0);
}

TEST(RealScheduler, ActorPinnedToAnUnknownProcessorStillRuns) {
  RealScheduler scheduler;
  EXPECT_TRUE(is_stepped(scheduler, {.cpu = 100000}));
}

// Two actors throw a ball, each sleeping until it arrives. The game stops at the first lost
// wake-up.
TEST(RealScheduler, NoWakeUpIsLostBetweenTwoSleepers) {
  constexpr int kThrows = 20000;
  RealScheduler scheduler;
  Mailbox<int> boxes[2];
  std::promise<void> done;
  std::vector<std::unique_ptr<FunctionActor>> actors;
  for (int side = 0; side < 2; ++side) {
    actors.push_back(
        std::make_unique<FunctionActor>([&, side, taken = std::vector<int>()]() mutable {
          boxes[side].take(taken);
          for (const int ball : taken) {
            if (ball == kThrows) done.set_value();
            else boxes[1 - side].post(ball + 1);
          }
          return Actor::kIdle;
        }));
  }
  auto left = scheduler.start("left", *actors[0], {});
  auto right = scheduler.start("right", *actors[1], {});
  boxes[0].set_wake([&] { left->wake(); });
  boxes[1].set_wake([&] { right->wake(); });
  boxes[0].post(0);
  EXPECT_EQ(done.get_future().wait_for(kPatience), std::future_status::ready);
  boxes[0].set_wake(nullptr);
  boxes[1].set_wake(nullptr);
}

TEST(RealScheduler, NoWakeUpIsLostAmongManyProducers) {
  constexpr int kProducers = 3;
  constexpr int kMessages = 20000;
  RealScheduler scheduler;
  Mailbox<int> box;
  std::promise<int64_t> done;
  int received = 0;
  int64_t sum = 0;
  FunctionActor actor([&, taken = std::vector<int>()]() mutable {
    box.take(taken);
    for (const int value : taken) {
      sum += value;
      if (++received == kProducers * kMessages) done.set_value(sum);
    }
    return Actor::kIdle;
  });
  auto handle = scheduler.start("consumer", actor, {});
  box.set_wake([&] { handle->wake(); });
  std::vector<std::thread> producers;
  for (int p = 0; p < kProducers; ++p) {
    producers.emplace_back([&] {
      for (int i = 0; i < kMessages; ++i) box.post(1);
    });
  }
  auto result = done.get_future();
  EXPECT_EQ(result.wait_for(kPatience), std::future_status::ready);
  for (std::thread& producer : producers) producer.join();
  box.set_wake(nullptr);
  EXPECT_EQ(received, kProducers * kMessages);
}

TEST(RealScheduler, DestroyedHandleNeverStepsAgain) {
  RealScheduler scheduler;
  for (int round = 0; round < 50; ++round) {
    auto steps = std::make_unique<int>(0);
    FunctionActor actor([&] {
      ++*steps;
      return Actor::kBusy;
    });
    auto handle = scheduler.start("stopped", actor, {});
    handle->wake();
    handle.reset();
    steps.reset();  // a step after this would be a use after free
  }
}

TEST(Mailbox, MessagePostedBeforeTheWakeIsSetIsAnnouncedThen) {
  Mailbox<int> box;
  box.post(7);
  int wakes = 0;
  box.set_wake([&] { ++wakes; });
  EXPECT_EQ(wakes, 1);
  box.post(8);
  EXPECT_EQ(wakes, 1) << "the first is not taken yet";
  std::vector<int> taken;
  EXPECT_TRUE(box.take(taken));
  EXPECT_EQ(taken, (std::vector<int>{7, 8}));
  box.post(9);
  EXPECT_EQ(wakes, 2);
  EXPECT_TRUE(box.take(taken));
  EXPECT_EQ(taken, (std::vector<int>{9}));
  EXPECT_FALSE(box.take(taken));
  EXPECT_TRUE(taken.empty());
}

TEST(IoPool, WorkBeginsInTheOrderItArrived) {
  std::vector<int> order;
  std::promise<void> done;
  IoPool pool(1);
  for (int i = 0; i < 100; ++i) {
    pool.run([&, i] {
      order.push_back(i);
      if (i == 99) done.set_value();
    });
  }
  ASSERT_EQ(done.get_future().wait_for(kPatience), std::future_status::ready);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(order[static_cast<size_t>(i)], i);
}

TEST(IoPool, RunsAsMuchAtOnceAsItHasThreads) {
  std::promise<void> release;
  std::shared_future<void> released = release.get_future().share();
  std::promise<void> all_inside;
  std::atomic<int> inside{0};
  IoPool pool(3);  // after the objects that its threads use
  for (int i = 0; i < 3; ++i) {
    pool.run([&] {
      if (++inside == 3) all_inside.set_value();
      released.wait();
    });
  }
  EXPECT_EQ(all_inside.get_future().wait_for(kPatience), std::future_status::ready);
  release.set_value();
}

TEST(IoPool, TwoPiecesOfWorkAtOnceDoNotShareTheOneFreeThread) {
  for (int round = 0; round < 100; ++round) {
    std::promise<void> before;
    std::promise<void> here[2];
    std::future<void> there[2] = {here[0].get_future(), here[1].get_future()};
    std::atomic<int> met{0};
    IoPool pool(2);
    pool.run([&] { before.set_value(); });
    ASSERT_EQ(before.get_future().wait_for(kPatience), std::future_status::ready);
    std::promise<void> done;
    for (const int i : {0, 1}) {
      pool.run([&, i] {
        here[i].set_value();
        if (there[1 - i].wait_for(kPatience) == std::future_status::ready && ++met == 2)
          done.set_value();
      });
    }
    ASSERT_EQ(done.get_future().wait_for(kPatience), std::future_status::ready);
  }
}

TEST(IoPool, DestructorDropsWorkNotBegunAndWaitsForWorkThatHas) {
  std::promise<void> began;
  std::promise<void> dropped;
  std::atomic<bool> finished{false};
  std::atomic<int> ran{0};
  auto pool = std::make_unique<IoPool>(1);
  pool->run([&] {
    began.set_value();
    EXPECT_EQ(dropped.get_future().wait_for(kPatience), std::future_status::ready);
    finished = true;
  });
  {
    std::shared_ptr<void> captured(nullptr, [&](void*) { dropped.set_value(); });
    for (int i = 0; i < 10; ++i) pool->run([&ran, captured] { ++ran; });
  }
  began.get_future().wait();
  pool.reset();
  EXPECT_TRUE(finished);
  EXPECT_EQ(ran, 0);
}

TEST(IoPools, HangingWorkLeavesOtherKindsTheirThreads) {
  std::promise<void> release;
  std::shared_future<void> released = release.get_future().share();
  std::promise<void> answered;
  RealScheduler scheduler(1);
  for (int i = 0; i < 10; ++i) scheduler.run_blocking("files", [released] { released.wait(); });
  scheduler.run_blocking("zookeeper", [&] { answered.set_value(); });
  EXPECT_EQ(answered.get_future().wait_for(kPatience), std::future_status::ready);
  release.set_value();
}

TEST(IoPools, NothingBeginsAfterTheEnd) {
  std::promise<void> began;
  std::promise<void> dropped;
  std::atomic<int> ran{0};
  auto pools = std::make_unique<IoPools>(1);
  {
    std::shared_ptr<void> captured(nullptr, [&](void*) { dropped.set_value(); });
    std::promise<void> busy;
    pools->run("a", [&] {
      busy.set_value();
      EXPECT_EQ(dropped.get_future().wait_for(kPatience), std::future_status::ready);
    });
    busy.get_future().wait();
    pools->run("a", [&ran, captured] { ++ran; });
  }
  pools->run("b", [&] { began.set_value(); });
  began.get_future().wait();
  pools.reset();
  EXPECT_EQ(ran, 0);
}

}  // namespace
}  // namespace weir
