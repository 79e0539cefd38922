#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>

#include "weir/detail/state/snapshot_tracker.h"
#include "weir/detail/state/table_directory.h"
#include "weir/detail/state/table_page.h"

namespace weir::detail {

/// The pages of a CowTable and their directory. Makes pages, rebuilds them larger or smaller,
/// splits them, copies them before a write if a snapshot sees them, and frees them. An entry
/// (table_view.h) holds a page's address and size. Thread: the operator's; for the destructor, see
/// CowTable.
template <class Key, class Value, class Placer>
class TablePages {
 public:
  using Page = TablePage<Key, Value>;
  using Slot = typename Page::Slot;
  static_assert(std::is_copy_constructible_v<Slot>,
                "keys and values of keyed state must be copyable");
  static_assert(alignof(Slot) <= PageArena::kAlignment);
  static constexpr size_t kPageBytes = 8 << 10;
  static constexpr int kMinLog2 = 2;
  static constexpr uint32_t kShrinkAt = 8;  ///< shrink when one slot in this many is taken
  static constexpr int kMaxLog2 =
      std::clamp(static_cast<int>(std::bit_width(kPageBytes / sizeof(Slot))) - 1, 4, 10);

  TablePages(SnapshotTracker& tracker, Placer placer)
      : directory_(tracker.memory()),
        memory_(tracker.memory()),
        tracks_changes_(tracker.tracks_changes()),
        tracker_(&tracker),
        placer_(std::move(placer)) {}
  ~TablePages() { destroy(); }
  TablePages(const TablePages&) = delete;
  TablePages& operator=(const TablePages&) = delete;

  static Page* page_of(uintptr_t entry) { return reinterpret_cast<Page*>(entry & kPointerBits); }
  uint64_t place(const Key& key) const { return placer_(key); }
  uint64_t place_of(const Slot& slot) const {
    if constexpr (Page::kStoresPlace) {
      return slot.place;
    } else {
      return placer_(slot.key);
    }
  }
  size_t count() const { return count_; }
  bool tracks_changes() const { return tracks_changes_; }
  /// The number of the last snapshot.
  uint32_t epoch() const { return tracker_->epoch(); }
  PageArena& arena() const { return memory_->arena; }

  // --- the page at a place ---

  /// 0: no page, or one that thaw() finds.
  uintptr_t peek(uint64_t place) const { return directory_.peek(place); }
  bool thaw(uint64_t place) { return directory_.thaw(place, *tracker_); }
  /// 0: no page.
  uintptr_t thawed(uint64_t place) {
    const uintptr_t entry = peek(place);
    return entry == 0 && thaw(place) ? peek(place) : entry;
  }
  /// The last place that shares this page or vacant entry. `entry`: the result of thawed().
  uint64_t last_place(uint64_t place, uintptr_t entry) const {
    return last_of_span(place, entry != 0 ? page_of(entry)->depth : directory_.vacant_depth(place));
  }

  /// Makes the shared page at this place writable, and returns its new entry.
  __attribute__((noinline)) uintptr_t own(uint64_t place) {
    const uintptr_t entry = peek(place);
    Page* page = page_of(entry);
    const int log2 = log2_of(entry);
    const int depth = page->depth;
    uintptr_t owned = entry & ~kSharedBit;
    if (!tracker_->writes_into_shared_pages() && needed(page, place)) {
      Page* copy = new_page(log2);
      copy->copy_from(*page, log2);
      copy->grow_older(log2, tracker_->epoch());
      memory_->arena.count_copy(copy->bytes(log2));
      retire(entry);
      owned = word_of(copy, log2);
    } else {
      page->grow_older(log2, tracker_->epoch());
    }
    directory_.set_entries(place, depth, owned);
    return owned;
  }
  /// Returns a writable page with room for one more entry.
  uintptr_t with_room(uint64_t place) {
    for (;;) {
      directory_.make_writable(place, *tracker_);
      uintptr_t entry = peek(place);
      if (entry == 0) {
        add(place);
        continue;
      }
      if ((entry & kSharedBit) != 0) entry = own(place);
      if (page_of(entry)->growth_left != 0) return entry;
      make_room(place, entry);
    }
  }
  void drop(uint64_t place) {
    const uintptr_t entry = peek(place);
    const int depth = page_of(entry)->depth;
    directory_.set_entries(place, depth, 0);
    --count_;
    if ((entry & kSharedBit) != 0 && needed(page_of(entry), place)) {
      retire(entry);
    } else {
      dispose_of(entry);
    }
  }
  /// Call after a removal from the writable page at this place. Rebuilds a nearly empty page
  /// smaller.
  void shrink(uint64_t place) {
    const uintptr_t entry = peek(place);
    const uint32_t size = page_of(entry)->size;
    if (log2_of(entry) == kMinLog2 || size * kShrinkAt > (1u << log2_of(entry))) return;
    int log2 = kMinLog2;
    while (Page::max_load(log2) < 2 * size) ++log2;
    rebuild(place, entry, log2);
  }
  /// Sets the expected number of entries at each place, for the size of new pages; 0: unknown.
  void expect(double entries) { expected_ = entries; }

  // --- all pages ---

  std::shared_ptr<const FrozenRoot> freeze() { return directory_.freeze(); }
  /// Frees the directory when there are no pages.
  void clear() {
    WEIR_CHECK_EQ(count_, 0u);
    directory_.clear(*tracker_);
  }

 private:
  static int depth_of(uintptr_t entry) { return page_of(entry)->depth; }
  static uintptr_t word_of(const Page* page, int log2) {
    return reinterpret_cast<uintptr_t>(page) | static_cast<uintptr_t>(log2);
  }
  bool needed(const Page* page, uint64_t place) {
    return tracker_->needed(first_of_span(place, page->depth), last_of_span(place, page->depth),
                            page->born);
  }

  // --- growth ---

  /// Adds a page at a place without one.
  void add(uint64_t place) {
    int depth = directory_.widest_vacancy(place);
    int log2 = kMinLog2;
    if (expected_ != 0) {
      while (most_at(depth) > Page::max_load(kMaxLog2) && depth < TableDirectory::kMaxDepth) {
        if (depth == directory_.depth_at(place) &&
            !directory_.grow(place, count_, tracker_->epoch()))
          break;
        ++depth;
      }
      while (log2 < kMaxLog2 && most_at(depth) > Page::max_load(log2)) ++log2;
    }
    Page* page = new_page(log2);
    page->initialize(log2, static_cast<uint8_t>(depth), tracker_->epoch(), tracks_changes_);
    ++count_;
    directory_.set_entries(place, depth, word_of(page, log2));
  }
  /// The number of expected entries in a page of this depth, plus two standard deviations: one page
  /// in fifty will be too small.
  double most_at(int depth) const {
    const double mean = std::ldexp(expected_, 64 - depth);
    return mean + 2 * std::sqrt(mean);
  }

  void make_room(uint64_t place, uintptr_t entry) {
    const Page* page = page_of(entry);
    const int log2 = log2_of(entry);
    if (page->size * 4 <= Page::max_load(log2) * 3)
      return rebuild(place, entry, log2);  // a quarter or more of the slots are deleted
    if (log2 < kMaxLog2) return rebuild(place, entry, log2 + 1);
    if (page->depth == directory_.depth_at(place) &&
        !directory_.grow(place, count_, tracker_->epoch())) {
      return rebuild(place, entry, log2 + 1);
    }
    split(place, entry);
  }
  void rebuild(uint64_t place, uintptr_t entry, int new_log2) {
    Page* old = page_of(entry);
    Page* page = new_page(new_log2);
    page->initialize(new_log2, old->depth, tracker_->epoch(), tracks_changes_);
    old->for_each(log2_of(entry), [&](Slot& slot) { move_slot(entry, slot, *page, new_log2); });
    directory_.set_entries(place, page->depth, word_of(page, new_log2));
    dispose_of(entry);
  }
  void split(uint64_t place, uintptr_t entry) {
    Page* old = page_of(entry);
    const uint64_t bit = uint64_t{1} << (63 - old->depth);
    uint32_t count[2] = {0, 0};
    old->for_each(log2_of(entry), [&](const Slot& slot) { ++count[(place_of(slot) & bit) != 0]; });
    const auto depth = static_cast<uint8_t>(old->depth + 1);
    const uint64_t side[2] = {place & ~bit, place | bit};
    if (count[0] == 0 || count[1] == 0) {
      directory_.set_entries(side[count[0] == 0 ? 0 : 1], depth, 0);
      old->depth = depth;
      return;
    }
    Page* half[2];
    int log2[2];
    for (int i = 0; i < 2; ++i) {
      log2[i] = kMinLog2;
      while (log2[i] < log2_of(entry) && Page::max_load(log2[i]) * 3 / 4 <= count[i]) ++log2[i];
      half[i] = new_page(log2[i]);
      half[i]->initialize(log2[i], depth, tracker_->epoch(), tracks_changes_);
    }
    old->for_each(log2_of(entry), [&](Slot& slot) {
      const int i = (place_of(slot) & bit) != 0;
      move_slot(entry, slot, *half[i], log2[i]);
    });
    for (int i = 0; i < 2; ++i) directory_.set_entries(side[i], depth, word_of(half[i], log2[i]));
    ++count_;
    dispose_of(entry);
  }
  /// Both pages are of this epoch.
  void move_slot(uintptr_t old, Slot& from, Page& to, int log2) {
    const uint32_t slot = to.take(log2, place_of(from));
    if (tracks_changes_) {
      const Page& page = *page_of(old);
      to.age(log2, slot) = page.age(log2_of(old), page.index_of(from));
    }
    ::new (static_cast<void*>(&to.slot(slot))) Slot(std::move(from));
  }

  // --- memory ---

  Page* new_page(int log2) {
    tracker_->reclaim(TableDirectory::kReclaimedPerMade);
    return Page::in_block(memory_->arena.allocate(Page::bytes(log2, tracks_changes_)), log2);
  }
  static size_t free_page(PageArena& arena, uintptr_t entry) {
    const int log2 = log2_of(entry);
    page_of(entry)->destroy_slots(log2);
    const size_t bytes = page_of(entry)->bytes(log2);
    arena.release(page_of(entry)->block(log2), bytes);
    return bytes;
  }
  void retire(uintptr_t entry) {
    tracker_->retire(entry, free_page, page_of(entry)->bytes(log2_of(entry)), page_of(entry)->born);
  }
  /// Frees a page that is no longer in the directory and was not shared.
  void dispose_of(uintptr_t entry) {
    if (__builtin_expect(tracker_->writes_into_shared_pages(), 0)) {
      retire(entry);
    } else {
      free_page(memory_->arena, entry);
    }
  }
  /// Doesn't use the arena: the last user of another table may do the same on another thread.
  void destroy() {
    if constexpr (std::is_trivially_destructible_v<Slot>) return;
    directory_.for_each_page(
        depth_of, [](uintptr_t entry) { page_of(entry)->destroy_slots(log2_of(entry)); });
  }

  TableDirectory directory_;
  size_t count_ = 0;
  double expected_ = 0;  ///< expected entries at each place, from the previous restored key group
  const std::shared_ptr<TableMemory> memory_;
  const bool tracks_changes_;
  SnapshotTracker* tracker_;
  Placer placer_;
};

}  // namespace weir::detail
