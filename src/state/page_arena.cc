#include "weir/detail/page_arena.h"

#include <sys/mman.h>

#include <algorithm>
#include <new>

#include "weir/detail/check.h"

namespace weir::detail {
namespace {

constexpr size_t kHugePage = size_t{2} << 20;
/// Blocks from this size on are chunks of their own.
constexpr size_t kLargeBlock = size_t{256} << 10;

size_t round_up(size_t bytes, size_t to) { return (bytes + to - 1) / to * to; }

std::shared_ptr<void> take_from_system(size_t bytes) {
  const auto alignment = std::align_val_t(bytes >= kHugePage ? kHugePage : PageArena::kAlignment);
  void* start = ::operator new(bytes, alignment);
  if (bytes >= kHugePage) ::madvise(start, bytes, MADV_HUGEPAGE);
  return {start, [alignment](void* memory) { ::operator delete(memory, alignment); }};
}

/// Makes the system provide the memory. Its contents stay as they are, so others may use it meanwhile. A system that cannot
/// (Linux before 5.14) provides it at the first touch, as always.
void touch(void* start, size_t bytes) {
  // Step by step: the process's memory map is locked during one.
  for (size_t at = 0; at < bytes; at += kHugePage) {
    if (::madvise(static_cast<char*>(start) + at, std::min(kHugePage, bytes - at), MADV_POPULATE_WRITE) != 0) return;
  }
}

}  // namespace

void* PageArena::allocate(int size_class, size_t bytes) {
  WEIR_CHECK_LT(size_class, kClasses);
  auto& free = free_[static_cast<size_t>(size_class)];
  if (!free.empty()) {
    void* block = free.back();
    free.pop_back();
    free_bytes_ -= bytes;
    return block;
  }
  return cut(round_up(bytes, kAlignment));
}

void PageArena::release(int size_class, void* block, size_t bytes) {
  if (bytes < kLargeBlock) {
    free_[static_cast<size_t>(size_class)].push_back(block);
    free_bytes_ += bytes;
    return;
  }
  const auto chunk = std::find_if(chunks_.begin(), chunks_.end(), [&](const Chunk& c) { return c.memory.get() == block; });
  WEIR_CHECK(chunk != chunks_.end());
  reserved_bytes_ -= chunk->bytes;
  *chunk = chunks_.back();
  chunks_.pop_back();
}

void PageArena::keep_ready(size_t bytes, const RunElsewhere& run) {
  if (!touching_.expired()) return;
  const size_t wanted = bytes - std::min(bytes, free_bytes_);
  if (ahead_bytes() > wanted + wanted / 4 + kAheadChunk) ahead_.pop_back();
  if (ahead_bytes() >= wanted) return;
  const Memory& added = ahead_.emplace_back(take_from_system(kAheadChunk));
  // The work holds the memory, and the arena sees by this copy's end that the work is done.
  auto held = std::make_shared<Memory>(added);
  touching_ = held;
  run([held = std::move(held)] { touch(held->get(), kAheadChunk); });
}

void* PageArena::cut(size_t bytes) {
  const bool alone = bytes >= kLargeBlock;
  if (!alone && static_cast<size_t>(end_ - next_) >= bytes) {
    void* block = next_;
    next_ += bytes;
    return block;
  }
  Chunk chunk;
  if (!alone && !ahead_.empty()) {
    chunk = {std::move(ahead_.front()), kAheadChunk};
    ahead_.pop_front();
  } else {
    chunk.bytes = alone ? bytes : std::max(next_chunk_bytes_, round_up(bytes, kHugePage / 32));
    if (chunk.bytes >= kHugePage) chunk.bytes = round_up(chunk.bytes, kHugePage);
    chunk.memory = take_from_system(chunk.bytes);
    if (!alone) next_chunk_bytes_ = std::min(next_chunk_bytes_ * 2, kHugePage);
  }
  chunks_.push_back(chunk);
  reserved_bytes_ += chunk.bytes;
  char* const start = static_cast<char*>(chunk.memory.get());
  if (alone) return start;
  // What is left of the chunk before is less than one block: given up.
  next_ = start + bytes;
  end_ = start + chunk.bytes;
  return start;
}

}  // namespace weir::detail
