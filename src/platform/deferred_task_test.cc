#include "platform/deferred_task.h"

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <semaphore>
#include <thread>

#include "platform/io_pool.h"

namespace weir {
namespace {

/// Keeps work until the test runs it, as the simulator does.
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

TEST(DeferredTask, WaiterDoesWorkThatHasNotBegun) {
  Patient scheduler;
  int done = 0;
  {
    DeferredTask deferred_task(scheduler, [&] { ++done; });
    EXPECT_EQ(done, 0);
    deferred_task.wait();
    EXPECT_EQ(done, 1);
    deferred_task.wait();
  }
  scheduler.kept.front()();
  EXPECT_EQ(done, 1) << "and only once";
}

TEST(DeferredTask, WorkDoneByThePoolIsNotRepeated) {
  Patient scheduler;
  int done = 0;
  DeferredTask deferred_task(scheduler, [&] { ++done; });
  scheduler.kept.front()();
  EXPECT_EQ(done, 1);
  deferred_task.wait();
  EXPECT_EQ(done, 1);
}

TEST(DeferredTask, DestructionPreventsWorkThatHasNotBegun) {
  Patient scheduler;
  bool done = false;
  {
    DeferredTask deferred_task(scheduler, [&] { done = true; });
  }
  scheduler.kept.front()();
  EXPECT_FALSE(done);
}

TEST(DeferredTask, DestructionWaitsForWorkUnderWay) {
  std::binary_semaphore begun{0}, may_end{0};
  std::atomic<bool> ended = false;
  Pool scheduler;
  std::thread other;
  {
    DeferredTask deferred_task(scheduler, [&] {
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

TEST(DeferredTask, FullPoolDoesNotDelayTheWaiter) {
  std::binary_semaphore begun{0}, may_end{0};
  Pool scheduler;
  scheduler.run_blocking("test", [&] {
    begun.release();
    may_end.acquire();
  });
  begun.acquire();
  bool done = false;
  DeferredTask deferred_task(scheduler, [&] { done = true; });
  deferred_task.wait();
  EXPECT_TRUE(done);
  may_end.release();
}

}  // namespace
}  // namespace weir
