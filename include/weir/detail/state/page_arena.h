#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

namespace weir::detail {

/// Memory for the pages of an operator's tables: blocks aligned to 64 bytes, cut from slabs. The
/// blocks of a slab have one size. A slab that has no block in use serves any size of block next,
/// or goes back to the system. Slabs grow up to 2 MB and lie on huge pages where the system has
/// them (a table is touched all over: TLB misses would cost more than cache misses). Constructs and
/// destroys nothing in the blocks. Thread: one at a time.
///
/// Invariant: after trim() the arena holds at most 17/16 of the most bytes that were in use at once
/// since the last but one call of forget_peak(), or what is in use and what keep_ready() asks for
/// and kAheadChunk; and kSlack, and what is free in slabs of which a part is in use.
///
/// The first touch of memory may cost ten times what copying into it does, the more so in a virtual
/// machine. So memory can be kept ready: it is asked for ahead of time, and touched by another
/// thread.
class PageArena {
 public:
  static constexpr size_t kAlignment = 64;
  static constexpr size_t kLargestSlab = size_t{2} << 20;
  /// Blocks from this size on are slabs of their own.
  static constexpr size_t kLargeBlock = size_t{256} << 10;
  static constexpr size_t kSlack = size_t{1} << 20;
  static constexpr size_t kAheadChunk = 4 * kLargestSlab;

  PageArena() = default;
  PageArena(const PageArena&) = delete;
  PageArena& operator=(const PageArena&) = delete;

  void* allocate(size_t bytes);
  void release(void* block, size_t bytes);

  /// Bytes taken from the system.
  size_t reserved_bytes() const { return reserved_bytes_; }
  /// Bytes of the blocks in use.
  size_t used_bytes() const { return used_bytes_; }
  /// The others: of blocks, of whole slabs, and what is left at the end of slabs.
  size_t free_bytes() const { return reserved_bytes_ - used_bytes_; }
  /// How often allocate() was called.
  uint64_t allocations() const { return allocations_; }

  /// A block was allocated to be the copy of one that a snapshot needs.
  void count_copy(size_t bytes) { copied_bytes_ += bytes; }
  size_t copied_bytes() const { return copied_bytes_; }

  using RunElsewhere = std::function<void(std::function<void()>)>;
  /// Sees to it that at least `bytes` can be allocated without touching memory for the first time:
  /// free memory is counted, kAheadChunk is added a call, and only when the one before is ready.
  /// `run` is given work for any thread, which may outlive the arena.
  void keep_ready(size_t bytes, const RunElsewhere& run);

  /// Begins a period for the peak of what is in use. The last one still counts.
  void forget_peak();
  /// Gives back to the system some of what is more than the invariant allows.
  void trim();

 private:
  static constexpr size_t kMinSlab = size_t{4} << 10;
  static constexpr size_t kSlabSizes = 10;  // 4 KB to 2 MB

  using Memory = std::shared_ptr<void>;
  struct Slab {
    Memory memory;
    size_t bytes = 0;
    size_t block_bytes = 0;
    uint64_t number = 0;
    uint32_t blocks = 0;
    uint32_t used = 0;
    uint32_t first_word = 0;       ///< no word of `vacant` before it has a bit set
    std::vector<uint64_t> vacant;  ///< a bit for each block

    void* take();
    void give(void* block);
  };
  struct BlockSize {
    size_t bytes = 0;  ///< of all its slabs
    std::map<uint64_t, Slab*>
        vacant;  ///< by number: the oldest is filled first, so that others become empty
  };

  Slab& add_slab(BlockSize& size, size_t block_bytes);
  void drop_slab(std::map<uintptr_t, Slab>::iterator slab);
  Memory take_from_system(size_t bytes);
  size_t allowed_bytes() const;

  std::map<uintptr_t, Slab> slabs_;    ///< those with blocks in use, by the address of their start
  std::map<size_t, BlockSize> sizes_;  ///< by the bytes of a block
  std::array<std::vector<Memory>, kSlabSizes> spare_;  ///< whole slabs, by size; smallest first
  uint64_t slabs_made_ = 0;
  uint64_t allocations_ = 0;
  size_t reserved_bytes_ = 0;
  size_t used_bytes_ = 0;
  size_t peak_bytes_ = 0;       ///< used at once in this period
  size_t last_peak_bytes_ = 0;  ///< in the one before
  size_t ready_bytes_ = 0;      ///< what keep_ready() was last asked for
  size_t copied_bytes_ = 0;
  std::weak_ptr<void> touching_;  ///< while other thread's work on the newest is not done
};

}  // namespace weir::detail
