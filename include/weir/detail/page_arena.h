#pragma once

#include <array>
#include <cstddef>
#include <vector>

namespace weir::detail {

/// Memory for the pages of tables: blocks of a few sizes, each aligned to 64 bytes, cut from chunks that grow up to 2 MB and
/// lie on huge pages where the system has them (a table is touched all over: TLB misses would cost more than cache misses).
/// Freed blocks are kept for the next of the same class; the system gets the memory back when the arena goes. Constructs and
/// destroys nothing in the blocks. Thread: one at a time.
class PageArena {
 public:
  static constexpr size_t kAlignment = 64;
  static constexpr int kClasses = 64;

  PageArena() = default;
  ~PageArena();
  PageArena(const PageArena&) = delete;
  PageArena& operator=(const PageArena&) = delete;

  /// A class always stands for the same size in one arena.
  void* allocate(int size_class, size_t bytes);
  void release(int size_class, void* block, size_t bytes);

  /// Bytes taken from the system.
  size_t reserved_bytes() const { return reserved_bytes_; }

 private:
  struct Chunk {
    void* start;
    size_t bytes;
  };
  void* cut(size_t bytes);

  std::array<std::vector<void*>, kClasses> free_;
  std::vector<Chunk> chunks_;
  char* next_ = nullptr;
  char* end_ = nullptr;
  size_t next_chunk_bytes_ = 16 << 10;
  size_t reserved_bytes_ = 0;
};

}  // namespace weir::detail
