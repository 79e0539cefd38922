#pragma once

#include <array>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

namespace weir::detail {

/// Memory for the pages of tables: blocks of a few sizes, each aligned to 64 bytes, cut from chunks that grow up to 2 MB and
/// lie on huge pages where the system has them (a table is touched all over: TLB misses would cost more than cache misses).
/// Freed blocks are kept for the next of the same class; the system gets the memory back when the arena goes. Constructs and
/// destroys nothing in the blocks. Thread: one at a time.
///
/// The first touch of memory may cost ten times what copying into it does, the more so in a virtual machine. So chunks can be
/// kept ready: their memory is asked for ahead of time, and touched by another thread.
class PageArena {
 public:
  static constexpr size_t kAlignment = 64;
  static constexpr int kClasses = 64;

  PageArena() = default;
  PageArena(const PageArena&) = delete;
  PageArena& operator=(const PageArena&) = delete;

  /// A class always stands for the same size in one arena.
  void* allocate(int size_class, size_t bytes);
  void release(int size_class, void* block, size_t bytes);

  /// Bytes taken from the system, without those that keep_ready() asked for and nobody has needed yet.
  size_t reserved_bytes() const { return reserved_bytes_; }
  /// Of the reserved bytes, those in blocks that were given back.
  size_t free_bytes() const { return free_bytes_; }

  /// A block was allocated to be the copy of one that a snapshot needs.
  void count_copy(size_t bytes) { copied_bytes_ += bytes; }
  size_t copied_bytes() const { return copied_bytes_; }

  using RunElsewhere = std::function<void(std::function<void()>)>;
  /// Sees to it that at least `bytes` can be allocated without touching memory for the first time: free blocks are counted, chunks
  /// are added by and by, one a call and only when the one before is ready; if there is more than a quarter too much, one goes back to
  /// the system. `run` is given work for any thread, which may outlive the arena.
  void keep_ready(size_t bytes, const RunElsewhere& run);
  /// How much keep_ready() has added.
  size_t ahead_bytes() const { return ahead_.size() * kAheadChunk; }

 private:
  static constexpr size_t kAheadChunk = size_t{32} << 20;

  using Memory = std::shared_ptr<void>;
  struct Chunk {
    Memory memory;
    size_t bytes;
  };
  void* cut(size_t bytes);

  std::array<std::vector<void*>, kClasses> free_;
  size_t free_bytes_ = 0;
  size_t copied_bytes_ = 0;
  std::vector<Chunk> chunks_;
  std::deque<Memory> ahead_;     ///< kAheadChunk bytes each; oldest first
  std::weak_ptr<void> touching_;  ///< while other thread's work on the newest is not done
  char* next_ = nullptr;
  char* end_ = nullptr;
  size_t next_chunk_bytes_ = 16 << 10;
  size_t reserved_bytes_ = 0;
};

}  // namespace weir::detail
