#include "sim_fiber.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include "sim_disk.h"
#include "sim_process.h"
#include "sim_zookeeper.h"

namespace weir::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// A world in which work pauses before and after every operation.
class BlockingWork : public testing::Test {
 protected:
  BlockingWork() {
    world_.add_disk("file://", std::make_unique<SimDisk>(world_, "local", DiskKind::kLocal));
    world_.faults().slow_operation = 1;
    world_.faults().slow_operation_max = milliseconds(100);
  }
  static Status make(SimProcess& process, const std::string& name) {
    auto place = process.platform().files.resolve("file:///" + name);
    return place.ok() ? place->fs->make_directories(place->path) : place.status();
  }
  bool is_there(const std::string& name) {
    return world_.disk("file://")->raw().stat("/" + name).ok();
  }
  void run(SimProcess& process, std::function<void()> work) {
    process.platform().scheduler.run_blocking("test", std::move(work));
  }
  void run_until(const std::function<bool()>& done) {
    ASSERT_EQ(world_.run_until(done, seconds(60)), SimWorld::Outcome::kDone);
  }

  SimWorld world_{7};
  SimProcess a_{world_, "a"};
  SimProcess b_{world_, "b"};
};

TEST_F(BlockingWork, LetsOthersRunBetweenItsOperations) {
  std::vector<std::string> seen;
  int ended = 0;
  for (SimProcess* process : {&a_, &b_}) {
    run(*process, [&, process] {
      for (int i = 0; i < 20; ++i) {
        EXPECT_TRUE(make(*process, process->name() + std::to_string(i)).ok());
        seen.push_back(process->name());
      }
      ++ended;
    });
  }
  run_until([&] { return ended == 2; });
  int turns = 0;
  for (size_t i = 1; i < seen.size(); ++i) turns += seen[i] != seen[i - 1];
  EXPECT_GT(turns, 1) << "one ran from begin to end while the other waited";
  EXPECT_EQ(world_.rests(), 80);
}

TEST_F(BlockingWork, OfAKilledProcessRunsToItsEndWithoutEffect) {
  Status first;
  Status second;
  bool ended = false;
  run(a_, [&] {
    first = make(a_, "first");
    second = make(a_, "second");
    ended = true;
  });
  run_until([&] { return is_there("first"); });
  EXPECT_FALSE(ended) << "the answer is on its way";
  a_.kill();
  EXPECT_TRUE(ended);
  EXPECT_EQ(first.code(), StatusCode::kUnavailable);
  EXPECT_EQ(second.code(), StatusCode::kUnavailable);
  EXPECT_FALSE(is_there("second"));
}

TEST_F(BlockingWork, PausesInTheMiddleWithItsProcess) {
  a_.pause_at_next(Operation::kFile, seconds(20));
  MonotonicTime ended_a{0};
  MonotonicTime ended_b{0};
  run(a_, [&] { make(a_, "a"), ended_a = world_.now(); });
  run(b_, [&] { make(b_, "b"), ended_b = world_.now(); });
  run_until([&] { return ended_a.count() > 0; });
  EXPECT_GE(ended_a, seconds(20));
  EXPECT_LT(ended_b, seconds(1));
}

TEST_F(BlockingWork, PausesWithinAZooKeeperChangeForLongerThanItsSession) {
  world_.faults().slow_operation = 0;
  SimZooKeeper zookeeper(world_);
  const auto factory = zookeeper_for(zookeeper, a_.life(), seconds(2));
  a_.pause_at_next(Operation::kZooKeeperChange, seconds(10));
  Status status;
  bool ended = false;
  run(a_, [&] {
    auto session = factory->open([](ZSessionEvent) {});
    ASSERT_TRUE(session.ok());
    EXPECT_TRUE((*session)->children("/").ok());
    status = (*session)->create("/late", "", ZNodeKind::kPersistent);
    ended = true;
  });
  run_until([&] { return ended; });
  EXPECT_EQ(status.code(), StatusCode::kCancelled) << "the session has ended meanwhile";
  EXPECT_FALSE(zookeeper.peek("/late"));
}

TEST_F(BlockingWork, WaitsForALockThatOtherWorkHoldsDuringAnOperation) {
  std::mutex mutex;
  int inside = 0;
  int ended = 0;
  for (int i = 0; i < 3; ++i) {
    run(a_, [&, i] {
      const std::lock_guard lock(mutex);
      EXPECT_EQ(++inside, 1);
      EXPECT_TRUE(make(a_, std::to_string(i)).ok());
      --inside;
      ++ended;
    });
  }
  run_until([&] { return ended == 3; });
}

TEST_F(BlockingWork, OfAKilledProcessGetsTheLockThatItWaitsFor) {
  world_.faults().slow_operation_max = seconds(100);
  std::mutex mutex;
  int begun = 0;
  int ended = 0;
  for (int i = 0; i < 3; ++i) {
    run(a_, [&, i] {
      ++begun;
      const std::lock_guard lock(mutex);
      (void)make(a_, std::to_string(i));
      ++ended;
    });
  }
  run_until([&] { return begun == 3; });
  ASSERT_EQ(ended, 0);
  a_.kill();
  EXPECT_EQ(ended, 3);
}

TEST_F(BlockingWork, WaitsForAConditionThatOtherWorkFulfills) {
  std::mutex mutex;
  std::condition_variable changed;
  bool made = false;
  bool seen = false;
  run(a_, [&] {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return made; });
    seen = true;
  });
  run(a_, [&] {
    (void)make(a_, "x");
    const std::lock_guard lock(mutex);
    made = true;
    changed.notify_all();
  });
  run_until([&] { return seen; });
}

TEST_F(BlockingWork, KeepsTheHandledExceptionWhileItPauses) {
  std::vector<std::string> caught;
  for (SimProcess* process : {&a_, &b_}) {
    run(*process, [&, process] {
      try {
        throw std::runtime_error(process->name());
      } catch (const std::exception&) {
        (void)make(*process, process->name());
        try {
          throw;
        } catch (const std::exception& mine) { caught.push_back(process->name() + mine.what()); }
      }
    });
  }
  run_until([&] { return caught.size() == 2; });
  EXPECT_EQ(caught[0] == "aa" ? caught[1] : caught[0], "bb");
}

TEST(BlockingWorkOfASeed, PausesTheSameWayEachTime) {
  const auto hash = [](uint64_t seed) {
    SimWorld world(seed);
    world.add_disk("file://", std::make_unique<SimDisk>(world, "local", DiskKind::kLocal));
    world.faults().slow_operation = 0.5;
    SimProcess process(world, "p");
    int ended = 0;
    for (int i = 0; i < 5; ++i) {
      process.platform().scheduler.run_blocking("test", [&, i] {
        for (int j = 0; j < 5; ++j) {
          const auto place =
              process.platform().files.resolve("file:///" + std::to_string(10 * i + j));
          EXPECT_TRUE(place->fs->make_directories(place->path).ok());
        }
        ++ended;
      });
    }
    EXPECT_EQ(world.run_until([&] { return ended == 5; }, seconds(600)), SimWorld::Outcome::kDone);
    return world.trace().hash();
  };
  EXPECT_EQ(hash(3), hash(3));
  EXPECT_NE(hash(3), hash(4));
}

}  // namespace
}  // namespace weir::sim
