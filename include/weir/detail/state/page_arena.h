#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

namespace weir::detail {

/// Memory for the pages of an operator's tables: blocks aligned to 64 bytes, cut from slabs. All
/// blocks of a slab have one size. A slab without used blocks then serves any block size, or
/// returns to the system. Slabs grow up to 2 MB and use huge pages where the system has them,
/// because accesses are spread over the whole table, and TLB misses would cost more than cache
/// misses. Constructs and destroys nothing in the blocks. Thread: one at a time.
///
/// Invariant: after trim() the arena holds at most the larger of (a) 17/16 of the peak use since
/// the last but one call of forget_peak(), and (b) the bytes in use, those that keep_ready()
/// requests, and kAheadChunk. In addition it holds kSlack, and the free blocks of partly used
/// slabs.
///
/// The first touch of memory may cost ten times as much as a copy into it, especially in a virtual
/// machine. So the arena can keep memory ready: it requests memory ahead of time, and another
/// thread touches it.
class PageArena {
 public:
  static constexpr size_t kAlignment = 64;
  static constexpr size_t kLargestSlab = size_t{2} << 20;
  /// Blocks of at least this size get their own slabs.
  static constexpr size_t kLargeBlock = size_t{256} << 10;
  static constexpr size_t kSlack = size_t{1} << 20;
  static constexpr size_t kAheadChunk = 4 * kLargestSlab;

  PageArena() = default;
  PageArena(const PageArena&) = delete;
  PageArena& operator=(const PageArena&) = delete;

  void* allocate(size_t bytes);
  void release(void* block, size_t bytes);

  /// Bytes allocated from the system.
  size_t reserved_bytes() const { return reserved_bytes_; }
  /// Bytes of the used blocks.
  size_t used_bytes() const { return used_bytes_; }
  /// The other bytes: unused blocks, whole slabs, and the unused ends of slabs.
  size_t free_bytes() const { return reserved_bytes_ - used_bytes_; }
  /// Number of calls of allocate().
  uint64_t allocations() const { return allocations_; }

  /// Counts a block that was allocated to copy one that a snapshot needs.
  void count_copy(size_t bytes) { copied_bytes_ += bytes; }
  size_t copied_bytes() const { return copied_bytes_; }

  using RunElsewhere = std::function<void(std::function<void()>)>;
  /// Prepares at least `bytes` of memory that allocate() can return without a first touch. Free
  /// memory counts. Each call adds kAheadChunk, but only after the previous chunk is ready. `run`
  /// gets work for any thread, which may outlive the arena.
  void keep_ready(size_t bytes, const RunElsewhere& run);

  /// Begins a period for the peak use. The previous period still counts.
  void forget_peak();
  /// Returns some memory beyond the invariant to the system.
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
    uint32_t first_word = 0;       ///< no word of `vacant` before it has a set bit
    std::vector<uint64_t> vacant;  ///< one bit for each block

    void* take();
    void give(void* block);
  };
  struct BlockSize {
    size_t bytes = 0;  ///< of all slabs of this size
    std::map<uint64_t, Slab*>
        vacant;  ///< by number; the oldest is filled first, so that others become empty
  };

  Slab& add_slab(BlockSize& size, size_t block_bytes);
  void drop_slab(std::map<uintptr_t, Slab>::iterator slab);
  Memory take_from_system(size_t bytes);
  size_t allowed_bytes() const;

  std::map<uintptr_t, Slab> slabs_;    ///< slabs with used blocks, by their start address
  std::map<size_t, BlockSize> sizes_;  ///< by block size in bytes
  std::array<std::vector<Memory>, kSlabSizes> spare_;  ///< whole slabs, by size; smallest first
  uint64_t slabs_made_ = 0;
  uint64_t allocations_ = 0;
  size_t reserved_bytes_ = 0;
  size_t used_bytes_ = 0;
  size_t peak_bytes_ = 0;       ///< maximum use in this period
  size_t last_peak_bytes_ = 0;  ///< in the previous period
  size_t ready_bytes_ = 0;      ///< the last request of keep_ready()
  size_t copied_bytes_ = 0;
  std::weak_ptr<void> touching_;  ///< expires when the other thread has touched the newest memory
};

}  // namespace weir::detail
