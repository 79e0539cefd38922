#include "sim_world.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/strings.h"
#include "platform/mailbox.h"
#include "sim_disk.h"
#include "sim_process.h"

namespace weir::sim {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

struct FunctionActor : Actor {
  explicit FunctionActor(std::function<MonotonicTime()> step_function)
      : step_function(std::move(step_function)) {}
  MonotonicTime step() override { return step_function(); }
  std::function<MonotonicTime()> step_function;
};

TEST(SimWorld, NothingIsLeftIfAllActorsAreIdle) {
  SimWorld world(1);
  SimProcess process(world, "p");
  int steps = 0;
  FunctionActor actor([&] { return ++steps, Actor::kIdle; });
  auto handle = process.platform().scheduler.start("a", actor, {});
  EXPECT_EQ(world.run_until([] { return false; }, seconds(1)), SimWorld::Outcome::kNothingLeft);
  EXPECT_EQ(steps, 1);
}

TEST(SimWorld, TimeJumpsToTheWakeTimeOfAnActor) {
  SimWorld world(1);
  SimProcess process(world, "p");
  Clock& clock = process.platform().clock;
  const MonotonicTime wanted = clock.now() + std::chrono::hours(5);
  bool done = false;
  FunctionActor actor([&] {
    done = clock.now() >= wanted;
    return done ? Actor::kIdle : wanted;
  });
  auto handle = process.platform().scheduler.start("a", actor, {});
  EXPECT_EQ(world.run_until([&] { return done; }, std::chrono::hours(6)), SimWorld::Outcome::kDone);
  EXPECT_LT(clock.now() - wanted, milliseconds(1));
}

TEST(SimWorld, TimeoutIfTheNextEventIsAfterTheEnd) {
  SimWorld world(1);
  bool happened = false;
  world.at(seconds(10), nullptr, [&] { happened = true; });
  EXPECT_EQ(world.run_until([] { return false; }, seconds(3)), SimWorld::Outcome::kTimeout);
  EXPECT_EQ(world.now(), seconds(3));
  EXPECT_FALSE(happened);
  world.run_for(seconds(8));
  EXPECT_TRUE(happened);
}

TEST(SimWorld, AWakeDuringAStepCausesAnotherStep) {
  SimWorld world(1);
  SimProcess process(world, "p");
  int steps = 0;
  std::unique_ptr<ActorHandle> handle;
  FunctionActor actor([&] {
    if (++steps < 4) handle->wake();
    return Actor::kIdle;
  });
  handle = process.platform().scheduler.start("a", actor, {});
  world.run_for(seconds(1));
  EXPECT_EQ(steps, 4);
}

TEST(SimWorld, AWakeDuringAStallIsNotLost) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    SimWorld world(seed);
    world.faults().actor_stall = 0.5;
    SimProcess process(world, "p");
    Mailbox<int> box;
    int received = 0;
    FunctionActor actor([&, taken = std::vector<int>()]() mutable {
      box.take(taken);
      received += static_cast<int>(taken.size());
      return Actor::kIdle;
    });
    auto handle = process.platform().scheduler.start("a", actor, {});
    box.set_wake([&] { handle->wake(); });
    for (int i = 0; i < 20; ++i) world.at(milliseconds(i), nullptr, [&] { box.post(1); });
    EXPECT_EQ(world.run_until([&] { return received == 20; }, seconds(100)),
              SimWorld::Outcome::kDone)
        << "seed " << seed;
  }
}

TEST(SimWorld, AnEarlierWakeVoidsTheTimer) {
  SimWorld world(1);
  SimProcess process(world, "p");
  Clock& clock = process.platform().clock;
  std::vector<MonotonicTime> answers{clock.now() + seconds(5), Actor::kIdle, Actor::kIdle};
  size_t steps = 0;
  FunctionActor actor([&] { return answers[steps++]; });
  auto handle = process.platform().scheduler.start("a", actor, {});
  world.at(seconds(1), nullptr, [&] { handle->wake(); });
  world.run_for(seconds(10));
  EXPECT_EQ(steps, 2u) << "the first step's time no longer counts";
}

TEST(SimWorld, TheSeedDrawsTheOrderOfActors) {
  std::set<std::string> orders;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    SimWorld world(seed);
    SimProcess process(world, "p");
    std::string order;
    FunctionActor a([&] { return order += 'a', Actor::kIdle; });
    FunctionActor b([&] { return order += 'b', Actor::kIdle; });
    FunctionActor c([&] { return order += 'c', Actor::kIdle; });
    auto handle_a = process.platform().scheduler.start("a", a, {});
    auto handle_b = process.platform().scheduler.start("b", b, {});
    auto handle_c = process.platform().scheduler.start("c", c, {});
    world.run_for(seconds(1));
    orders.insert(order);
  }
  EXPECT_EQ(orders, (std::set<std::string>{"abc", "acb", "bac", "bca", "cab", "cba"}));
}

TEST(SimWorld, BlockingWorkRunsOnceAndInAnyOrder) {
  std::set<std::vector<int>> orders;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    SimWorld world(seed);
    SimProcess process(world, "p");
    std::vector<int> order;
    for (int i = 0; i < 3; ++i)
      process.platform().scheduler.run_blocking("test", [&, i] { order.push_back(i); });
    world.run_for(seconds(1));
    EXPECT_EQ(order.size(), 3u);
    orders.insert(order);
  }
  EXPECT_EQ(orders.size(), 6u);
}

TEST(SimProcess, AnExecutorUsesAllItsThreadsAndNoMore) {
  std::set<size_t> widths;
  for (uint64_t seed = 0; seed < 30; ++seed) {
    SimWorld world(seed);
    world.add_disk("file://", std::make_unique<SimDisk>(world, "file://", DiskKind::kLocal));
    world.faults().slow_operation = 1;
    SimProcess process(world, "p");
    std::map<std::string, size_t> inside, most;
    int ended = 0;
    for (int i = 0; i < 20; ++i) {
      const std::string executor = i % 2 == 0 ? "a" : "b";
      process.platform().scheduler.run_blocking(executor, [&, i, executor] {
        most[executor] = std::max(most[executor], ++inside[executor]);
        const auto place = process.platform().files.resolve("file:///" + std::to_string(i));
        EXPECT_TRUE(place->fs->make_directories(place->path).ok());
        --inside[executor];
        ++ended;
      });
    }
    EXPECT_EQ(world.run_until([&] { return ended == 20; }, seconds(600)), SimWorld::Outcome::kDone);
    EXPECT_EQ(most["a"], process.io_threads());
    EXPECT_EQ(most["b"], process.io_threads());
    widths.insert(process.io_threads());
  }
  EXPECT_EQ(widths.size(), 4u);
}

TEST(SimProcess, AKilledProcessNeverRunsAgain) {
  SimWorld world(1);
  world.add_disk("file://", std::make_unique<SimDisk>(world, "file://", DiskKind::kLocal));
  SimProcess process(world, "p");
  int steps = 0;
  bool worked = false;
  auto captured = std::make_shared<int>(0);
  FunctionActor actor([&] { return ++steps, Actor::kBusy; });
  auto handle = process.platform().scheduler.start("a", actor, {});
  auto place = process.platform().files.resolve("/f");
  ASSERT_TRUE(place.ok());
  world.at(milliseconds(1), nullptr, [&] {
    process.platform().scheduler.run_blocking("test", [&worked, captured] { worked = true; });
    process.kill();
  });
  world.run_until([&] { return !process.alive(); }, seconds(1));
  const int steps_alive = steps;
  EXPECT_GT(steps_alive, 1);
  EXPECT_EQ(captured.use_count(), 1) << "work that never begins is freed at once";
  process.platform().scheduler.run_blocking("test", [&worked] { worked = true; });
  handle->wake();
  const Status status = write_file(*place->fs, "/f", "x");
  EXPECT_EQ(status.code(), StatusCode::kUnavailable) << status.to_string();
  world.run_for(seconds(10));
  EXPECT_EQ(steps, steps_alive);
  EXPECT_FALSE(worked);
  EXPECT_EQ(world.disk("file://")->raw().stat("/f").status().code(), StatusCode::kNotFound);
}

TEST(SimProcess, AKillFromOutsideFreesWaitingWorkAtOnce) {
  SimWorld world(1);
  SimProcess process(world, "p");
  auto captured = std::make_shared<int>(0);
  process.platform().scheduler.run_blocking("test", [captured] {});
  process.kill();
  EXPECT_EQ(captured.use_count(), 1);
}

TEST(SimProcess, ANewIncarnationFindsTheFilesOfTheOldOne) {
  SimWorld world(1);
  world.add_disk("file://", std::make_unique<SimDisk>(world, "file://", DiskKind::kLocal));
  {
    SimProcess process(world, "p");
    auto place = process.platform().files.resolve("/d/f");
    ASSERT_TRUE(write_file(*place->fs, place->path, "kept").ok());
    process.kill();
  }
  SimProcess process(world, "p");
  auto place = process.platform().files.resolve("file:///d/f");
  auto bytes = read_file(*place->fs, place->path);
  ASSERT_TRUE(bytes.ok()) << bytes.status().to_string();
  EXPECT_EQ(*bytes, "kept");
}

TEST(SimProcess, APausedProcessStopsAndThenContinues) {
  SimWorld world(1);
  SimProcess process(world, "p");
  int steps = 0;
  FunctionActor actor([&] { return ++steps, Actor::kBusy; });
  auto handle = process.platform().scheduler.start("a", actor, {});
  MonotonicTime worked_at{0};
  process.platform().scheduler.run_blocking("test", [&] { worked_at = world.now(); });
  process.pause(seconds(3));
  world.run_for(seconds(2));
  EXPECT_EQ(steps, 0);
  world.run_until([&] { return steps > 10 && worked_at.count() > 0; }, seconds(2));
  EXPECT_GT(steps, 10);
  EXPECT_GE(worked_at, seconds(3));
}

// Two processes whose actors exchange messages through mailboxes, with blocking work, files, kills
// and stalls.
uint64_t run_scenario(uint64_t seed, std::string* last_lines = nullptr) {
  WorldOptions options;
  options.trace_lines = last_lines != nullptr ? 20 : 0;
  SimWorld world(seed, options);
  world.faults() = {.actor_stall = 0.01,
                    .slow_io = 0.05,
                    .connection_loss = 0.001,
                    .kill_at_file_operation = 0.002};
  SimDisk& disk = world.add_disk("hdfs://nn:1",
                                 std::make_unique<SimDisk>(world, "hdfs://nn:1", DiskKind::kHdfs));
  disk.faults() = {.fail_read = 0.02,
                   .fail_before = 0.02,
                   .fail_after = 0.02,
                   .torn_append = 0.02,
                   .cut_close = 0.02,
                   .outage_gap = seconds(5)};
  for (int incarnation = 0; incarnation < 3; ++incarnation) {
    SimProcess process(world, cat("p", incarnation));
    Platform& platform = process.platform();
    Mailbox<int> box;
    int files = 0;
    FunctionActor actor([&, taken = std::vector<int>()]() mutable {
      box.take(taken);
      if (taken.empty() && files > 0)
        return platform.clock.now() +
               milliseconds(static_cast<int64_t>(platform.random.next() % 50));
      platform.scheduler.run_blocking(
          "test", [&, number = files++, nonce = platform.random.next()] {
            auto place = platform.files.resolve(cat("hdfs://nn:1/out/", nonce));
            (void)publish_file(*place->fs, place->path, cat("file ", number), "tmp");
            (void)place->fs->list("/out");
            box.post(number);
          });
      return Actor::kIdle;
    });
    auto handle = platform.scheduler.start("writer", actor, {});
    box.set_wake([&] { handle->wake(); });
    world.run_until([&] { return !process.alive() || files == 60; }, seconds(60));
    box.set_wake(nullptr);
    process.kill();
  }
  if (last_lines != nullptr) {
    for (const std::string& line : world.trace().lines()) *last_lines += line + '\n';
  }
  return world.trace().hash();
}

TEST(Determinism, TheSameSeedGivesTheSameRunAndOthersDiffer) {
  std::set<uint64_t> hashes;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    const uint64_t hash = run_scenario(seed);
    std::string lines;
    EXPECT_EQ(hash, run_scenario(seed, &lines)) << "seed " << seed << '\n' << lines;
    hashes.insert(hash);
  }
  EXPECT_EQ(hashes.size(), 100u);
}

}  // namespace
}  // namespace weir::sim
