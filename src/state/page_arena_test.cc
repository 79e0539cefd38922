#include "weir/detail/state/page_arena.h"

#include <gtest/gtest.h>

#include <cstring>
#include <new>
#include <random>

namespace weir::detail {
namespace {

constexpr size_t kMb = size_t{1} << 20;

struct Block {
  char* start;
  size_t bytes;
  char mark;
};

class Blocks {
 public:
  void take(size_t bytes) {
    auto* start = static_cast<char*>(arena.allocate(bytes));
    EXPECT_EQ(reinterpret_cast<uintptr_t>(start) % PageArena::kAlignment, 0u);
    const char mark = static_cast<char>(++marks_);
    std::memset(start, mark, bytes);
    blocks_.push_back({start, bytes, mark});
    live_ += (bytes + 63) / 64 * 64;
    peak_ = std::max(peak_, live_);
  }
  void give(size_t i) {
    const Block block = blocks_[i];
    for (size_t at = 0; at < block.bytes; ++at) ASSERT_EQ(block.start[at], block.mark);
    arena.release(block.start, block.bytes);
    live_ -= (block.bytes + 63) / 64 * 64;
    blocks_[i] = blocks_.back();
    blocks_.pop_back();
  }
  void give_all() {
    while (!blocks_.empty()) give(blocks_.size() - 1);
  }
  size_t count() const { return blocks_.size(); }
  size_t live() const { return live_; }
  size_t peak() const { return peak_; }

  PageArena arena;

 private:
  std::vector<Block> blocks_;
  size_t live_ = 0;
  size_t peak_ = 0;
  int marks_ = 0;
};

TEST(PageArena, BlocksDoNotOverlapAndAreCounted) {
  Blocks blocks;
  std::mt19937_64 random(5);
  const size_t sizes[] = {1, 64, 65, 700, 4104, 8736, 40'000, 300'000};
  for (int step = 0; step < 20'000; ++step) {
    // Grows and shrinks alternately.
    if (random() % 100 < (step / 2000 % 2 == 0 ? 60u : 40u) || blocks.count() == 0) {
      const size_t bytes = sizes[random() % 8];
      if (bytes < 10'000 || random() % 50 == 0) blocks.take(bytes);
    } else {
      blocks.give(random() % blocks.count());
    }
    ASSERT_EQ(blocks.arena.used_bytes(), blocks.live());
    ASSERT_EQ(blocks.arena.free_bytes(), blocks.arena.reserved_bytes() - blocks.live());
  }
  blocks.give_all();
  EXPECT_EQ(blocks.arena.used_bytes(), 0u);
}

TEST(PageArena, MemoryOfOneSizeIsReusedForAnother) {
  Blocks blocks;
  for (const size_t bytes : {128, 8736, 700, 4104, 16'000}) {
    for (size_t taken = 0; taken < 16 * kMb; taken += bytes) blocks.take(bytes);
    blocks.give_all();
  }
  EXPECT_LE(blocks.arena.reserved_bytes(), 20 * kMb);
}

TEST(PageArena, WastesLittleBetweenTheBlocks) {
  for (const size_t bytes : {128, 320, 4160, 8768, 16'500, 70'000, 200'000}) {
    Blocks blocks;
    for (size_t taken = 0; taken < 24 * kMb; taken += bytes) blocks.take(bytes);
    EXPECT_LE(blocks.arena.reserved_bytes(), blocks.live() * 11 / 10 + 2 * kMb) << bytes;
  }
}

TEST(PageArena, SmallStateUsesLittleMemory) {
  Blocks blocks;
  for (const size_t bytes : {128, 256, 448, 832, 1600, 3136, 128}) blocks.take(bytes);
  EXPECT_LE(blocks.arena.reserved_bytes(), 96u << 10);
}

TEST(PageArena, ReturnsMemoryNotNeededForTwoPeriods) {
  Blocks blocks;
  for (size_t taken = 0; taken < 64 * kMb; taken += 8000) blocks.take(8000);
  blocks.give_all();
  blocks.take(8000);
  EXPECT_GE(blocks.arena.reserved_bytes(), 60 * kMb);  // it may be needed again
  blocks.arena.forget_peak();
  EXPECT_GE(blocks.arena.reserved_bytes(), 60 * kMb);
  blocks.arena.forget_peak();
  for (int i = 0; i < 4; ++i) blocks.arena.trim();
  EXPECT_LE(blocks.arena.reserved_bytes(), 2 * kMb);
}

TEST(PageArena, RefusedMemoryThrowsBadAlloc) {
  PageArena arena;
  EXPECT_THROW(arena.allocate(size_t{1} << 60), std::bad_alloc);
  EXPECT_EQ(arena.reserved_bytes(), 0u);
}

TEST(PageArena, LargeBlockIsReturnedAtOnce) {
  Blocks blocks;
  blocks.take(20 * kMb);
  EXPECT_GE(blocks.arena.reserved_bytes(), 20 * kMb);
  blocks.give_all();
  EXPECT_EQ(blocks.arena.reserved_bytes(), 0u);
}

}  // namespace
}  // namespace weir::detail
