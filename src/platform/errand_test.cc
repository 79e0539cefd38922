#include "platform/errand.h"

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <semaphore>
#include <thread>

#include "platform/io_pool.h"

namespace weir {
namespace {

/// Keeps work until it is told to do it, as the simulator does.
class Patient final : public Scheduler {
 public:
  std::unique_ptr<ActorHandle> start(std::string, Actor&, ActorOptions) override { return nullptr; }
  void run_blocking(std::string_view, std::function<void()> work) override {
    kept.push_back(std::move(work));
  }
  std::deque<std::function<void()>> kept;
};

class Pool final : public Scheduler {
 public:
  std::unique_ptr<ActorHandle> start(std::string, Actor&, ActorOptions) override { return nullptr; }
  void run_blocking(std::string_view, std::function<void()> work) override {
    pool.run(std::move(work));
  }
  IoPool pool{1};
};

TEST(Errand, WhoeverWaitsDoesWhatHasNotBegun) {
  Patient scheduler;
  int done = 0;
  {
    Errand errand(scheduler, [&] { ++done; });
    EXPECT_EQ(done, 0);
    errand.wait();
    EXPECT_EQ(done, 1);
    errand.wait();
  }
  scheduler.kept.front()();
  EXPECT_EQ(done, 1) << "and only once";
}

TEST(Errand, WhatThePoolHasDoneIsNotDoneAgain) {
  Patient scheduler;
  int done = 0;
  Errand errand(scheduler, [&] { ++done; });
  scheduler.kept.front()();
  EXPECT_EQ(done, 1);
  errand.wait();
  EXPECT_EQ(done, 1);
}

TEST(Errand, WhatHasNotBegunNeverBeginsWhenItIsGone) {
  Patient scheduler;
  bool done = false;
  {
    Errand errand(scheduler, [&] { done = true; });
  }
  scheduler.kept.front()();
  EXPECT_FALSE(done);
}

TEST(Errand, WhatIsUnderWayIsWaitedFor) {
  std::binary_semaphore begun{0}, may_end{0};
  std::atomic<bool> ended = false;
  Pool scheduler;
  std::thread other;
  {
    Errand errand(scheduler, [&] {
      begun.release();
      may_end.acquire();
      ended = true;
    });
    begun.acquire();
    other = std::thread([&] { may_end.release(); });
  }
  EXPECT_TRUE(ended);
  other.join();
}

TEST(Errand, AFullPoolIsNotWaitedFor) {
  std::binary_semaphore begun{0}, may_end{0};
  Pool scheduler;
  scheduler.run_blocking("test", [&] {
    begun.release();
    may_end.acquire();
  });
  begun.acquire();
  bool done = false;
  Errand errand(scheduler, [&] { done = true; });
  errand.wait();
  EXPECT_TRUE(done);
  may_end.release();
}

}  // namespace
}  // namespace weir
