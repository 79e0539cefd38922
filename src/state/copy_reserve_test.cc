#include "weir/detail/copy_reserve.h"

#include <gtest/gtest.h>

#include <cstring>
#include <utility>

namespace weir::detail {
namespace {

constexpr size_t kMb = size_t{1} << 20;
constexpr size_t kBlock = kMb / 8;

/// Another thread's work, which the test does when it likes.
class Elsewhere {
 public:
  PageArena::RunElsewhere run() {
    return [this](std::function<void()> work) { work_.push_back(std::move(work)); };
  }
  size_t waiting() const { return work_.size(); }
  void do_all() {
    for (const auto& work : std::exchange(work_, {})) work();
  }
  /// Touching memory takes time; that it was done is all that most tests want.
  void forget_all() { work_.clear(); }

 private:
  std::vector<std::function<void()>> work_;
};

std::vector<void*> allocate(PageArena& arena, size_t bytes) {
  std::vector<void*> blocks;
  for (size_t i = 0; i < bytes / kBlock; ++i) blocks.push_back(arena.allocate(0, kBlock));
  return blocks;
}

TEST(PageArena, AddsOneChunkAtATimeWhenTheOneBeforeIsReady) {
  Elsewhere elsewhere;
  PageArena arena;
  for (int i = 0; i < 3; ++i) arena.keep_ready(100 * kMb, elsewhere.run());
  EXPECT_EQ(arena.ahead_bytes(), 32 * kMb);
  for (int i = 0; i < 9; ++i) {
    elsewhere.forget_all();
    arena.keep_ready(100 * kMb, elsewhere.run());
  }
  EXPECT_EQ(arena.ahead_bytes(), 128 * kMb);
  EXPECT_EQ(arena.reserved_bytes(), 0u);
}

TEST(PageArena, UsesWhatIsReadyBeforeItAsksTheSystem) {
  Elsewhere elsewhere;
  PageArena arena;
  arena.keep_ready(32 * kMb, elsewhere.run());
  void* block = arena.allocate(0, kBlock);
  std::memset(block, 'x', kBlock);
  elsewhere.do_all();  // touches memory that is in use by now
  EXPECT_EQ(static_cast<char*>(block)[kBlock - 1], 'x');
  EXPECT_EQ(arena.ahead_bytes(), 0u);
  EXPECT_EQ(arena.reserved_bytes(), 32 * kMb);
}

TEST(PageArena, CountsFreeBlocksAsReadyAndGivesBackWhatIsTooMuch) {
  Elsewhere elsewhere;
  PageArena arena;
  const auto blocks = allocate(arena, 96 * kMb);
  for (int i = 0; i < 4; ++i) {
    arena.keep_ready(96 * kMb, elsewhere.run());
    elsewhere.forget_all();
  }
  EXPECT_EQ(arena.ahead_bytes(), 96 * kMb);
  for (void* block : blocks) arena.release(0, block, kBlock);
  EXPECT_EQ(arena.free_bytes(), 96 * kMb);
  for (int i = 0; i < 4; ++i) arena.keep_ready(96 * kMb, elsewhere.run());
  EXPECT_EQ(arena.ahead_bytes(), 32 * kMb);
  EXPECT_EQ(elsewhere.waiting(), 0u);
}

TEST(PageArena, WorkForAnotherThreadMayOutliveIt) {
  Elsewhere elsewhere;
  PageArena().keep_ready(kMb, elsewhere.run());
  elsewhere.do_all();
}

class Reserve {
 public:
  explicit Reserve(double limit = 1) {
    reserve.add(arena);
    reserve.enable({limit, elsewhere.run(), [this] { return now_ms; }});
  }
  /// So many records each second, for some seconds.
  void run(size_t records_per_second, bool garbage = false) {
    for (int i = 0; i < 4000; ++i, now_ms += 1) {
      reserve.after_batch(records_per_second / 1000, garbage, tracker);
      elsewhere.forget_all();
    }
  }
  /// A snapshot for which so much is copied and given back.
  void snapshot(size_t copied) {
    const auto progress = tracker.begin_snapshot();
    run(1'000'000);
    const auto blocks = allocate(*arena, copied);
    arena->count_copy(copied);
    progress->release_all();
    for (void* block : blocks) arena->release(0, block, kBlock);
  }

  Elsewhere elsewhere;
  int64_t now_ms = 1'700'000'000'000;
  std::shared_ptr<PageArena> arena = std::make_shared<PageArena>();
  SnapshotTracker tracker{PlaceSpace({0, 127}, 128)};
  CopyReserve reserve;
};

TEST(CopyReserve, GrowsWithTheRateUntilThereIsACheckpoint) {
  Reserve slow, quick, limited(0.5), off(0);
  for (Reserve* r : {&slow, &quick, &limited, &off}) allocate(*r->arena, 310 * kMb);
  slow.run(1'000);
  quick.run(1'000'000);
  limited.run(1'000'000);
  off.run(1'000'000);
  EXPECT_EQ(slow.arena->ahead_bytes(), 32 * kMb);
  EXPECT_EQ(quick.arena->ahead_bytes(), 320 * kMb);
  EXPECT_EQ(limited.arena->ahead_bytes(), 160 * kMb);
  EXPECT_EQ(off.arena->ahead_bytes(), 0u);
}

TEST(CopyReserve, KeepsNothingForASmallState) {
  Reserve r;
  allocate(*r.arena, 48 * kMb);
  r.run(1'000'000);
  EXPECT_EQ(r.arena->ahead_bytes(), 0u);
}

TEST(CopyReserve, GoesByWhatTheLastCheckpointCopied) {
  Reserve r;
  allocate(*r.arena, 310 * kMb);
  r.run(1'000'000);
  r.snapshot(16 * kMb);
  r.run(1'000'000, /*garbage=*/true);
  EXPECT_EQ(r.arena->ahead_bytes(), 288 * kMb);  // a chunk was used; nothing is known yet
  r.run(1'000'000);
  EXPECT_LE(r.arena->ahead_bytes(), 32 * kMb);
  r.snapshot(310 * kMb);
  r.run(1'000'000);
  EXPECT_GE(r.arena->ahead_bytes() + r.arena->free_bytes(), 310 * kMb);
}

}  // namespace
}  // namespace weir::detail
