#include "weir/detail/state/page_arena.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <new>

#include "weir/detail/base/check.h"

namespace weir::detail {
namespace {

constexpr size_t kPage = size_t{4} << 10;
constexpr size_t kHugePage = size_t{2} << 20;
/// Smaller pieces come from the heap instead of a mapping.
constexpr size_t kMinMapping = size_t{128} << 10;
constexpr size_t kMinBlocksOfSlab = 8;
/// The maximum number of slabs that trim() returns at once.
constexpr int kSlabsPerTrim = 16;

size_t round_up(size_t bytes, size_t to) { return (bytes + to - 1) / to * to; }

/// Maps memory. If it is at least a huge page, it begins at a multiple of one.
char* map(size_t bytes) {
  const size_t alignment = bytes >= kHugePage ? kHugePage : kPage;
  const size_t mapped = bytes + alignment - kPage;
  void* start = ::mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED) throw std::bad_alloc();
  char* const begin = static_cast<char*>(start);
  char* const aligned =
      reinterpret_cast<char*>(round_up(reinterpret_cast<uintptr_t>(begin), alignment));
  if (aligned != begin) ::munmap(begin, static_cast<size_t>(aligned - begin));
  const size_t behind = static_cast<size_t>(begin + mapped - (aligned + bytes));
  if (behind != 0) ::munmap(aligned + bytes, behind);
  if (bytes >= kHugePage) ::madvise(aligned, bytes, MADV_HUGEPAGE);
  return aligned;
}

std::shared_ptr<void> mapped(char* start, size_t bytes) {
  return {start, [bytes](void* memory) { ::munmap(memory, bytes); }};
}

/// Makes the system provide the memory now. The contents do not change, so others may use it
/// meanwhile. Before Linux 5.14 this fails, and the system provides the memory at the first touch
/// as usual.
void touch(void* start, size_t bytes) { ::madvise(start, bytes, MADV_POPULATE_WRITE); }

}  // namespace

void* PageArena::Slab::take() {
  while (vacant[first_word] == 0) ++first_word;
  uint64_t& word = vacant[first_word];
  const size_t block = size_t{first_word} * 64 + static_cast<size_t>(std::countr_zero(word));
  word &= word - 1;
  ++used;
  return static_cast<char*>(memory.get()) + block * block_bytes;
}

void PageArena::Slab::give(void* block) {
  const size_t index =
      static_cast<size_t>(static_cast<char*>(block) - static_cast<char*>(memory.get())) /
      block_bytes;
  const auto word = static_cast<uint32_t>(index / 64);
  const uint64_t bit = uint64_t{1} << (index % 64);
  WEIR_CHECK((vacant[word] & bit) == 0);
  vacant[word] |= bit;
  first_word = std::min(first_word, word);
  --used;
}

void* PageArena::allocate(size_t bytes) {
  const size_t block_bytes = round_up(bytes, kAlignment);
  BlockSize& size = sizes_[block_bytes];
  Slab& slab = size.vacant.empty() ? add_slab(size, block_bytes) : *size.vacant.begin()->second;
  void* const block = slab.take();
  if (slab.used == slab.blocks) size.vacant.erase(slab.number);
  ++allocations_;
  used_bytes_ += block_bytes;
  peak_bytes_ = std::max(peak_bytes_, used_bytes_);
  return block;
}

void PageArena::release(void* block, size_t bytes) {
  const size_t block_bytes = round_up(bytes, kAlignment);
  const auto found = std::prev(slabs_.upper_bound(reinterpret_cast<uintptr_t>(block)));
  Slab& slab = found->second;
  WEIR_CHECK_EQ(slab.block_bytes, block_bytes);
  slab.give(block);
  used_bytes_ -= block_bytes;
  if (slab.used == 0) {
    drop_slab(found);
  } else if (slab.used + 1 == slab.blocks) {
    sizes_[block_bytes].vacant.emplace(slab.number, &slab);
  }
}

PageArena::Slab& PageArena::add_slab(BlockSize& size, size_t block_bytes) {
  Slab slab;
  if (block_bytes >= kLargeBlock) {
    slab.bytes = round_up(block_bytes, kPage);
    slab.memory = take_from_system(slab.bytes);
  } else {
    const size_t least = std::bit_ceil(std::max(kMinSlab, kMinBlocksOfSlab * block_bytes));
    slab.bytes = std::clamp(std::bit_ceil(size.bytes), least, kLargestSlab);
    auto& spare = spare_[static_cast<size_t>(std::countr_zero(slab.bytes / kMinSlab))];
    if (spare.empty()) {
      slab.memory = take_from_system(slab.bytes);
    } else {
      slab.memory = std::move(spare.back());
      spare.pop_back();
    }
  }
  slab.block_bytes = block_bytes;
  slab.number = ++slabs_made_;
  slab.blocks = static_cast<uint32_t>(slab.bytes / block_bytes);
  slab.vacant.assign((slab.blocks + 63) / 64, UINT64_MAX);
  if (slab.blocks % 64 != 0) slab.vacant.back() = (uint64_t{1} << (slab.blocks % 64)) - 1;
  size.bytes += slab.bytes;
  const auto start = reinterpret_cast<uintptr_t>(slab.memory.get());
  Slab& added = slabs_.emplace(start, std::move(slab)).first->second;
  size.vacant.emplace(added.number, &added);
  return added;
}

void PageArena::drop_slab(std::map<uintptr_t, Slab>::iterator it) {
  Slab& slab = it->second;
  BlockSize& size = sizes_[slab.block_bytes];
  size.bytes -= slab.bytes;
  size.vacant.erase(slab.number);
  const bool alone = slab.block_bytes >= kLargeBlock;
  if (alone) {
    reserved_bytes_ -= slab.bytes;
  } else {
    spare_[static_cast<size_t>(std::countr_zero(slab.bytes / kMinSlab))].push_back(
        std::move(slab.memory));
  }
  slabs_.erase(it);
  trim();
}

PageArena::Memory PageArena::take_from_system(size_t bytes) {
  Memory memory;
  if (bytes >= kMinMapping) {
    memory = mapped(map(bytes), bytes);
  } else {
    constexpr auto kAligned = std::align_val_t(kAlignment);
    memory = {::operator new(bytes, kAligned),
              [](void* start) { ::operator delete(start, kAligned); }};
  }
  reserved_bytes_ += bytes;
  return memory;
}

size_t PageArena::allowed_bytes() const {
  const size_t peak = std::max(peak_bytes_, last_peak_bytes_);
  return std::max(peak + peak / 16,
                  ready_bytes_ == 0 ? 0 : used_bytes_ + ready_bytes_ + kAheadChunk) +
         kSlack;
}

void PageArena::trim() {
  const size_t allowed = allowed_bytes();
  int left = kSlabsPerTrim;
  for (size_t i = kSlabSizes; i-- > 0;) {
    const size_t bytes = kMinSlab << i;
    for (auto& spare = spare_[i]; !spare.empty() && reserved_bytes_ > allowed && left > 0; --left) {
      spare.pop_back();
      reserved_bytes_ -= bytes;
    }
  }
}

void PageArena::forget_peak() {
  last_peak_bytes_ = peak_bytes_;
  peak_bytes_ = used_bytes_;
  trim();
}

void PageArena::keep_ready(size_t bytes, const RunElsewhere& run) {
  ready_bytes_ = bytes;
  trim();
  if (!touching_.expired() || free_bytes() >= bytes) return;
  // One mapping, but each slab can be returned to the system separately.
  char* const start = map(kAheadChunk);
  std::vector<Memory> added;
  for (size_t at = 0; at < kAheadChunk; at += kLargestSlab)
    added.push_back(mapped(start + at, kLargestSlab));
  spare_.back().insert(spare_.back().end(), added.begin(), added.end());
  reserved_bytes_ += kAheadChunk;
  // The work holds the memory. When `touching_` expires, the arena knows that the work has ended.
  auto held = std::make_shared<std::vector<Memory>>(std::move(added));
  touching_ = held;
  run([held = std::move(held)] {
    for (const Memory& memory : *held) touch(memory.get(), kLargestSlab);
  });
}

}  // namespace weir::detail
