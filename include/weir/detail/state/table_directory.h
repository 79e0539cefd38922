#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>

#include "weir/detail/state/snapshot_tracker.h"
#include "weir/detail/state/table_view.h"

namespace weir::detail {

/// Finds a table's page by the leading bits of a place: a small root, with chunks of up to 512
/// entries below it. Grows, and is shared with snapshots, chunk by chunk. It does not know the
/// contents of pages: an entry is a word (table_view.h). A page of depth d is in all entries of the
/// places that share their first d bits with it. The number of the last snapshot before a chunk was
/// made follows its entries. Thread: the operator's.
class TableDirectory {
 public:
  static constexpr int kMaxDepth = 48;

  explicit TableDirectory(std::shared_ptr<TableMemory> memory) : memory_(std::move(memory)) {}
  TableDirectory(const TableDirectory&) = delete;
  TableDirectory& operator=(const TableDirectory&) = delete;

  /// 0: no page, or a chunk not touched since the last snapshot: see thaw().
  uintptr_t peek(uint64_t place) const {
    const uintptr_t slot = root_[root_index(place)];
    return chunk_of(slot)[chunk_index(slot, place, chunk_shift_)];
  }
  /// The number of bits that lead to the entry at this place. A page there has at most this depth.
  int depth_at(uint64_t place) const { return prefix_of(root_[root_index(place)]) + chunk_bits(); }
  /// The depth of the largest page that may be put at a place without one.
  int widest_vacancy(uint64_t place) const {
    const uintptr_t slot = root_[root_index(place)];
    const uintptr_t* chunk = chunk_of(slot);
    const size_t index = chunk_index(slot, place, chunk_shift_);
    int depth = prefix_of(slot) + chunk_bits();
    for (size_t run = 2; run <= (size_t{1} << chunk_bits()); run *= 2) {
      const uintptr_t* first = chunk + (index & ~(run - 1));
      if (std::any_of(first, first + run, [](uintptr_t entry) { return entry != 0; })) break;
      --depth;
    }
    return depth;
  }
  /// The depth of the vacant entry at this place, after it is thawed.
  int vacant_depth(uint64_t place) const {
    return is_untouched(root_[root_index(place)]) ? 0 : depth_at(place);
  }

  /// Sets all entries of the page with this depth at this place.
  void set_entries(uint64_t place, int depth, uintptr_t word) {
    const uintptr_t slot = root_[root_index(place)];
    const size_t run = size_t{1} << (prefix_of(slot) + chunk_bits() - depth);
    uintptr_t* const first = chunk_of(slot) + (chunk_index(slot, place, chunk_shift_) & ~(run - 1));
    std::fill(first, first + run, word);
  }

  /// Makes a chunk for this place if there is none.
  void make_writable(uint64_t place, SnapshotTracker& tracker) {
    if (!is_untouched(root_[root_index(place)]) || thaw(place, tracker)) return;
    uintptr_t* chunk =
        new_chunk(chunk_bits(), tracker.epoch());  // the very first chunk: the root has one slot
    std::fill(chunk, chunk + (size_t{1} << chunk_bits()), 0);
    root_[0] = reinterpret_cast<uintptr_t>(chunk);
  }

  /// Doubles the entries of the chunk at this place. Returns false if the places are too similar
  /// for this to help. `pages`: number of pages of the table.
  bool grow(uint64_t place, size_t pages, uint32_t epoch) {
    const uintptr_t slot = root_[root_index(place)];
    const int bits = chunk_bits();
    const int prefix = prefix_of(slot);
    const uintptr_t* old = chunk_of(slot);
    const size_t entries = size_t{1} << bits;
    if (bits < kMaxChunkBits) {
      uintptr_t* chunk = new_chunk(bits + 1, epoch);
      for (size_t i = 0; i < entries; ++i) chunk[2 * i] = chunk[2 * i + 1] = old[i];
      root_[0] = reinterpret_cast<uintptr_t>(chunk);
      chunk_shift_ -= 1;
    } else {
      if (prefix + bits >= kMaxDepth) return false;
      if (prefix == root_bits_ && !grow_root(pages)) return false;
      for (uint64_t half = 0; half < 2; ++half) {
        uintptr_t* chunk = new_chunk(bits, epoch);
        for (size_t i = 0; i < entries; ++i) chunk[i] = old[half * (entries / 2) + i / 2];
        const uint64_t bit = uint64_t{1} << (63 - prefix);
        set_root_slots(half == 0 ? place & ~bit : place | bit,
                       reinterpret_cast<uintptr_t>(chunk) | static_cast<uintptr_t>(prefix + 1));
      }
    }
    free_chunk(memory_->arena, chunk_word(slot, bits));
    return true;
  }

  // --- snapshots ---

  /// Returns the current directory and leaves an empty root.
  std::shared_ptr<const FrozenRoot> freeze() {
    auto frozen = std::make_shared<FrozenRoot>();
    frozen->root_bits = root_bits_;
    frozen->chunk_bits = chunk_bits();
    frozen->slots.assign(root_, root_ + root_size());
    for (size_t i = 0; i < root_size(); ++i) {
      if (is_untouched(frozen->slots[i]) && frozen_ != nullptr) frozen->slots[i] = frozen_slot(i);
    }
    if (frozen_ == nullptr && is_untouched(root_[0])) return frozen;  // there never was a page
    std::fill(root_, root_ + root_size(), untouched());
    frozen_ = frozen;
    frozen_left_ = root_size();
    return frozen;
  }
  /// If the chunk for this place has not been touched since the last snapshot, makes it usable and
  /// marks its pages as shared. Returns false if there was nothing to do.
  __attribute__((noinline)) bool thaw(uint64_t place, SnapshotTracker& tracker) {
    const size_t index = root_index(place);
    if (frozen_ == nullptr || !is_untouched(root_[index])) return false;
    const uintptr_t slot = frozen_slot(index);
    const int prefix = prefix_of(slot);
    uintptr_t live = slot;
    if (!is_untouched(slot) && needed(slot, place, tracker)) {
      const size_t entries = size_t{1} << chunk_bits();
      tracker.reclaim(kReclaimedPerMade);
      uintptr_t* chunk = new_chunk(chunk_bits(), tracker.epoch());
      const uintptr_t* from = chunk_of(slot);
      for (size_t i = 0; i < entries; ++i) chunk[i] = from[i] == 0 ? 0 : from[i] | kSharedBit;
      retire(slot, tracker);
      live = reinterpret_cast<uintptr_t>(chunk) | static_cast<uintptr_t>(prefix);
    } else if (!is_untouched(slot)) {
      const size_t entries = size_t{1} << chunk_bits();
      uintptr_t* const chunk = chunk_of(slot);
      chunk[entries] = tracker.epoch();
      // No snapshot needs the pages, but a write to one of an earlier epoch has to age its slots.
      for (size_t i = 0; tracker.tracks_changes() && i < entries; ++i)
        if (chunk[i] != 0) chunk[i] |= kSharedBit;
    }
    set_root_slots(place, live);
    frozen_left_ -= root_size() >> prefix;
    if (frozen_left_ == 0) frozen_.reset();
    return true;
  }

  // --- the end ---

  /// Calls f(entry) for each page, also in chunks not touched since the last snapshot.
  /// `depth_of(entry)`: the page's depth.
  template <class DepthOf, class F>
  void for_each_page(DepthOf&& depth_of, F&& f) const {
    for_each_chunk([&](uintptr_t slot) {
      const uintptr_t* chunk = chunk_of(slot);
      const int depth_of_entry = prefix_of(slot) + chunk_bits();
      for (size_t i = 0, entries = size_t{1} << chunk_bits(); i < entries;) {
        const int depth = chunk[i] != 0 ? depth_of(chunk[i]) : depth_of_entry;
        if (chunk[i] != 0) f(chunk[i]);
        i += size_t{1} << (depth_of_entry - depth);
      }
    });
  }
  /// Frees the chunks, or leaves them to the snapshots that need them. There must be no pages, and
  /// none may be added later.
  void clear(SnapshotTracker& tracker) {
    for_each_chunk([&](uintptr_t slot) { retire(slot, tracker); });
    root_ = &root_inline_;
    root_inline_ = untouched();
    root_array_.reset();
    root_bits_ = 0;
    root_shift_ = 63;
    chunk_shift_ = 64 - kMinChunkBits;
    frozen_.reset();
    frozen_left_ = 0;
  }

  /// Number of retired words to check for each page or chunk that is made. So retired memory never
  /// exceeds what a snapshot can see.
  static constexpr size_t kReclaimedPerMade = 2;

 private:
  static constexpr int kMinChunkBits = 3;
  static constexpr int kMaxChunkBits = 9;

  size_t root_size() const { return size_t{1} << root_bits_; }
  int chunk_bits() const { return 64 - chunk_shift_; }
  size_t root_index(uint64_t place) const { return (place >> 1) >> root_shift_; }
  uintptr_t frozen_slot(size_t index) const {
    return frozen_->slots[index >> (root_bits_ - frozen_->root_bits)];
  }
  static size_t bytes_of_chunk(int bits) {
    return (((size_t{1} << bits) + 1) * sizeof(uintptr_t) + 63) & ~size_t{63};
  }
  uintptr_t* new_chunk(int bits, uint32_t epoch) {
    auto* chunk = static_cast<uintptr_t*>(memory_->arena.allocate(bytes_of_chunk(bits)));
    chunk[size_t{1} << bits] = epoch;
    return chunk;
  }
  uint32_t born(uintptr_t slot) const {
    return static_cast<uint32_t>(chunk_of(slot)[size_t{1} << chunk_bits()]);
  }
  bool needed(uintptr_t slot, uint64_t place, SnapshotTracker& tracker) const {
    return tracker.needed(first_of_span(place, prefix_of(slot)),
                          last_of_span(place, prefix_of(slot)), born(slot));
  }
  /// A chunk as a retired word. The low bits hold its size.
  static uintptr_t chunk_word(uintptr_t slot, int bits) {
    return reinterpret_cast<uintptr_t>(chunk_of(slot)) | static_cast<uintptr_t>(bits);
  }
  static size_t free_chunk(PageArena& arena, uintptr_t word) {
    const size_t bytes = bytes_of_chunk(prefix_of(word));
    arena.release(chunk_of(word), bytes);
    return bytes;
  }
  void retire(uintptr_t slot, SnapshotTracker& tracker) {
    tracker.retire(chunk_word(slot, chunk_bits()), free_chunk, bytes_of_chunk(chunk_bits()),
                   born(slot));
  }
  void set_root_slots(uint64_t place, uintptr_t slot) {
    const size_t run = size_t{1} << (root_bits_ - prefix_of(slot));
    uintptr_t* const first = root_ + (root_index(place) & ~(run - 1));
    std::fill(first, first + run, slot);
  }
  bool grow_root(size_t pages) {
    // Evenly spread places need about pages / 256 slots. If only one of 128 key groups is used,
    // they need 128 times as many.
    if (root_size() > std::max<size_t>(64, pages)) return false;
    auto larger = std::make_unique<uintptr_t[]>(root_size() * 2);
    for (size_t i = 0; i < root_size(); ++i) larger[2 * i] = larger[2 * i + 1] = root_[i];
    root_array_ = std::move(larger);
    root_ = root_array_.get();
    ++root_bits_;
    --root_shift_;
    frozen_left_ *= 2;
    return true;
  }
  template <class F>
  void for_each_chunk(F&& f) const {
    uint64_t cursor = 0;
    do {
      const size_t index = root_index(cursor);
      uintptr_t slot = root_[index];
      if (is_untouched(slot) && frozen_ != nullptr) slot = frozen_slot(index);
      if (is_untouched(slot)) return;
      cursor = last_of_span(cursor, prefix_of(slot)) + 1;
      f(slot);
    } while (cursor != 0);
  }

  uintptr_t* root_ = &root_inline_;
  int root_shift_ = 63;
  int chunk_shift_ = 64 - kMinChunkBits;
  uintptr_t root_inline_ = untouched();
  int root_bits_ = 0;
  std::unique_ptr<uintptr_t[]> root_array_;
  std::shared_ptr<const FrozenRoot>
      frozen_;  ///< non-null while some root slots are not touched since the last snapshot
  size_t frozen_left_ = 0;  ///< the number of such slots
  const std::shared_ptr<TableMemory> memory_;
};

}  // namespace weir::detail
