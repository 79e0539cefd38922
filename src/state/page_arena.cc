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

}  // namespace

PageArena::~PageArena() {
  for (const Chunk& chunk : chunks_)
    ::operator delete(chunk.start, std::align_val_t(chunk.bytes >= kHugePage ? kHugePage : kAlignment));
}

void* PageArena::allocate(int size_class, size_t bytes) {
  WEIR_CHECK_LT(size_class, kClasses);
  auto& free = free_[static_cast<size_t>(size_class)];
  if (!free.empty()) {
    void* block = free.back();
    free.pop_back();
    return block;
  }
  return cut(round_up(bytes, kAlignment));
}

void PageArena::release(int size_class, void* block, size_t bytes) {
  if (bytes < kLargeBlock) {
    free_[static_cast<size_t>(size_class)].push_back(block);
    return;
  }
  const auto chunk = std::find_if(chunks_.begin(), chunks_.end(), [&](const Chunk& c) { return c.start == block; });
  WEIR_CHECK(chunk != chunks_.end());
  reserved_bytes_ -= chunk->bytes;
  ::operator delete(chunk->start, std::align_val_t(chunk->bytes >= kHugePage ? kHugePage : kAlignment));
  *chunk = chunks_.back();
  chunks_.pop_back();
}

void* PageArena::cut(size_t bytes) {
  const bool alone = bytes >= kLargeBlock;
  if (!alone && static_cast<size_t>(end_ - next_) >= bytes) {
    void* block = next_;
    next_ += bytes;
    return block;
  }
  size_t chunk_bytes = alone ? bytes : std::max(next_chunk_bytes_, round_up(bytes, kHugePage / 32));
  if (chunk_bytes >= kHugePage) chunk_bytes = round_up(chunk_bytes, kHugePage);
  const size_t alignment = chunk_bytes >= kHugePage ? kHugePage : kAlignment;
  void* start = ::operator new(chunk_bytes, std::align_val_t(alignment));
  if (chunk_bytes >= kHugePage) ::madvise(start, chunk_bytes, MADV_HUGEPAGE);
  chunks_.push_back({start, chunk_bytes});
  reserved_bytes_ += chunk_bytes;
  if (alone) return start;
  // What is left of the chunk before is less than one block: given up.
  next_ = static_cast<char*>(start) + bytes;
  end_ = static_cast<char*>(start) + chunk_bytes;
  next_chunk_bytes_ = std::min(next_chunk_bytes_ * 2, kHugePage);
  return start;
}

}  // namespace weir::detail
