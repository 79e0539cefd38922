#include "weir/detail/state/copy_reserve.h"

#include <gtest/gtest.h>

#include <cstring>
#include <utility>

namespace weir::detail {
namespace {

constexpr size_t kMb = size_t{1} << 20;
constexpr size_t kBlock = kMb / 8;

/// The work for another thread; the test decides when it runs.
class Elsewhere {
 public:
  PageArena::RunElsewhere run() {
    return [this](std::function<void()> work) { work_.push_back(std::move(work)); };
  }
  size_t waiting() const { return work_.size(); }
  void do_all() {
    for (const auto& work : std::exchange(work_, {})) work();
  }
  /// Drops the work instead of touching memory, which takes time; most tests only need the arena to
  /// see that the work has ended.
  void forget_all() { work_.clear(); }

 private:
  std::vector<std::function<void()>> work_;
};

std::vector<void*> allocate(PageArena& arena, size_t bytes) {
  std::vector<void*> blocks;
  for (size_t i = 0; i < bytes / kBlock; ++i) blocks.push_back(arena.allocate(kBlock));
  return blocks;
}

TEST(PageArena, AddsMoreOnlyWhenThePreviousMemoryIsReady) {
  Elsewhere elsewhere;
  PageArena arena;
  for (int i = 0; i < 3; ++i) arena.keep_ready(20 * kMb, elsewhere.run());
  EXPECT_EQ(arena.reserved_bytes(), 8 * kMb);
  for (int i = 0; i < 9; ++i) {
    elsewhere.forget_all();
    arena.keep_ready(20 * kMb, elsewhere.run());
  }
  EXPECT_EQ(arena.reserved_bytes(), 24 * kMb);
  EXPECT_EQ(arena.used_bytes(), 0u);
}

TEST(PageArena, UsesReadyMemoryBeforeNewMemory) {
  Elsewhere elsewhere;
  PageArena arena;
  arena.keep_ready(8 * kMb, elsewhere.run());
  const auto blocks = allocate(arena, 8 * kMb);
  std::memset(blocks.back(), 'x', kBlock);
  elsewhere.do_all();  // touches memory that is in use by now
  EXPECT_EQ(static_cast<char*>(blocks.back())[kBlock - 1], 'x');
  // The first slabs of a size are small.
  EXPECT_EQ(arena.reserved_bytes(), 10 * kMb);
}

TEST(PageArena, CountsFreeMemoryAsReadyAndReturnsTheExcess) {
  Elsewhere elsewhere;
  PageArena arena;
  const auto blocks = allocate(arena, 32 * kMb);
  for (int i = 0; i < 9; ++i) {
    arena.keep_ready(32 * kMb, elsewhere.run());
    elsewhere.forget_all();
  }
  EXPECT_GE(arena.free_bytes(), 32 * kMb);
  for (void* block : blocks) arena.release(block, kBlock);
  for (int i = 0; i < 4; ++i) arena.forget_peak();
  arena.keep_ready(16 * kMb, elsewhere.run());
  EXPECT_EQ(elsewhere.waiting(), 0u);
  EXPECT_GE(arena.reserved_bytes(), 16 * kMb);
  EXPECT_LE(arena.reserved_bytes(), 25 * kMb);
}

TEST(PageArena, WorkForAnotherThreadMayOutliveTheArena) {
  Elsewhere elsewhere;
  PageArena().keep_ready(kMb, elsewhere.run());
  elsewhere.do_all();
}

class Reserve {
 public:
  explicit Reserve(double limit = 1) {
    reserve.enable({limit, elsewhere.run(), [this] { return now_ms; }});
  }
  /// Processes records at this rate for 4 s.
  void run(size_t records_per_second) {
    for (int i = 0; i < 4000; ++i, now_ms += 1) {
      reserve.after_batch(records_per_second / 1000, tracker);
      elsewhere.forget_all();
    }
  }
  /// Takes a snapshot during which `copied` bytes are copied and given back.
  void snapshot(size_t copied) {
    const auto progress = tracker.begin_snapshot();
    run(1'000'000);
    const auto blocks = allocate(arena, copied);
    arena.count_copy(copied);
    progress->release_all();
    for (void* block : blocks) arena.release(block, kBlock);
  }
  size_t free_mb() const { return arena.free_bytes() / kMb; }

  Elsewhere elsewhere;
  int64_t now_ms = 1'700'000'000'000;
  SnapshotTracker tracker{PlaceSpace({0, 127}, 128)};
  PageArena& arena = tracker.memory()->arena;
  CopyReserve reserve;
};

TEST(CopyReserve, GrowsWithTheRateUntilTheFirstCheckpoint) {
  Reserve slow, quick, limited(0.5), off(0);
  for (Reserve* r : {&slow, &quick, &limited, &off}) allocate(r->arena, 96 * kMb);
  slow.run(1'000);
  quick.run(1'000'000);
  limited.run(1'000'000);
  off.run(1'000'000);
  EXPECT_LE(slow.free_mb(), 16u);
  EXPECT_GE(quick.free_mb(), 96u);
  EXPECT_LE(quick.free_mb(), 106u);
  EXPECT_GE(limited.free_mb(), 48u);
  EXPECT_LE(limited.free_mb(), 58u);
  EXPECT_LE(off.free_mb(), 2u);
}

TEST(CopyReserve, KeepsNothingForASmallState) {
  Reserve r;
  allocate(r.arena, 48 * kMb);
  r.run(1'000'000);
  EXPECT_LE(r.free_mb(), 2u);
}

TEST(CopyReserve, FollowsTheCopiesOfTheLastCheckpoint) {
  Reserve r;
  allocate(r.arena, 96 * kMb);
  r.run(1'000'000);
  r.snapshot(8 * kMb);
  for (int i = 0; i < 6; ++i) r.run(1'000'000);
  EXPECT_LE(r.free_mb(), 20u);
  r.snapshot(96 * kMb);
  r.run(1'000'000);
  EXPECT_GE(r.free_mb(), 96u);
}

TEST(CopyReserve, AddsNothingWhileASnapshotIsRead) {
  Reserve r;
  r.run(1'000'000);
  const auto progress = r.tracker.begin_snapshot();
  allocate(r.arena, 96 * kMb);
  r.run(1'000'000);
  EXPECT_LE(r.free_mb(), 2u);
}

TEST(CopyReserve, ReturnsMemoryThatTheStateHasNotNeededForAWhile) {
  Reserve r(0);
  for (void* block : allocate(r.arena, 96 * kMb)) r.arena.release(block, kBlock);
  EXPECT_GE(r.free_mb(), 90u);
  r.run(1'000);
  EXPECT_GE(r.free_mb(), 90u);  // kept for a while: the state of windows shrinks and grows again
  for (int i = 0; i < 8; ++i) r.run(1'000);
  EXPECT_LE(r.free_mb(), 1u);
}

}  // namespace
}  // namespace weir::detail
