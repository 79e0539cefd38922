#pragma once

// An extendible hash table whose pages are copied on write, for keyed state.
//
// A key's 64-bit place (table_hash.h) leads to its page: its leading bits select an entry of the
// directory (table_directory.h), which points to the page. A page is a small hash table
// (table_page.h). A full page is rebuilt twice as large, up to kPageBytes, and then split in two,
// so growth never touches more than one page (table_pages.h). The directory consists of chunks of
// 512 entries under a small root, so that it also grows and is shared chunk by chunk.
//
// A snapshot takes the root and leaves an empty one: O(1/200 000) of the state's size. The first
// access through a root slot after that copies its chunk and marks its pages as shared. The first
// write to a shared page copies it, unless the snapshot has finished reading the page's key groups
// (SnapshotTracker). Replaced memory is kept until no snapshot can see it (deferred_free.h). Then
// the operator's thread reuses it for new pages, at least as fast as it replaces others. So the
// reader never writes to memory that the operator's thread uses, and the operator's thread never
// locks.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>

#include "weir/detail/base/check.h"
#include "weir/detail/state/removed_keys.h"
#include "weir/detail/state/table_pages.h"
#include "weir/detail/state/table_view.h"

namespace weir::detail {

/// `Placer`: `uint64_t operator()(const Key&) const` returns the place of a key.
///
/// Thread: the operator's. Held by shared_ptr, because a view may outlive the operator; the last
/// owner frees the pages. `tracker` must live as long as the operator uses the table.
template <class K, class Value, class Placer>
class CowTable {
  using Pages = TablePages<K, Value, Placer>;

 public:
  using Key = K;
  using Page = typename Pages::Page;
  using Slot = typename Pages::Slot;

  CowTable(SnapshotTracker& tracker, Placer placer) : pages_(tracker, std::move(placer)) {}

  size_t size() const { return size_; }
  size_t pages() const { return pages_.count(); }
  bool empty() const { return size_ == 0; }
  /// Shared by all tables of the operator.
  const PageArena* arena() const { return &pages_.arena(); }

  uint64_t place(const Key& key) const { return pages_.place(key); }

  /// Prefetches the memory that an access to this place will touch.
  __attribute__((always_inline)) void prefetch(uint64_t place) {
    uintptr_t entry = pages_.peek(place);
    if (__builtin_expect(entry == 0, 0)) {
      if (!pages_.thaw(place)) return;
      entry = pages_.peek(place);
      if (entry == 0) return;
    }
    page_of(entry)->prefetch(log2_of(entry), place);
  }

  /// Valid until the next insertion, removal or snapshot. Null if the key is missing.
  const Value* find(uint64_t place, const Key& key) {
    uintptr_t entry = pages_.peek(place);
    if (__builtin_expect(entry == 0, 0)) {
      if (!pages_.thaw(place) || (entry = pages_.peek(place)) == 0) return nullptr;
    }
    const Page* page = page_of(entry);
    const int log2 = log2_of(entry);
    const uint32_t slot = page->find(log2, place, key);
    return slot == Page::kNone ? nullptr : &page->slot(slot).value;
  }

  /// Like find(), but for writing.
  Value* find_mutable(uint64_t place, const Key& key) {
    uintptr_t entry = pages_.peek(place);
    if (__builtin_expect(entry == 0, 0)) {
      if (!pages_.thaw(place) || (entry = pages_.peek(place)) == 0) return nullptr;
    }
    const uint32_t slot = page_of(entry)->find(log2_of(entry), place, key);
    if (slot == Page::kNone) return nullptr;
    if (__builtin_expect((entry & kSharedBit) != 0, 0)) entry = pages_.own(place);
    return &changed(entry, slot);
  }

  struct Found {
    Value& value;
    bool inserted;
  };
  /// Returns the entry for writing. If the key is missing, inserts the value that `make` returns.
  template <class Make>
  Found find_or_insert(uint64_t place, const Key& key, Make&& make) {
    const uintptr_t entry = pages_.peek(place);
    if (__builtin_expect((entry & kSharedBit) == 0 && entry != 0, 1)) {
      Page* page = page_of(entry);
      const int log2 = log2_of(entry);
      const uint32_t slot = page->find(log2, place, key);
      if (__builtin_expect(slot != Page::kNone, 1)) return {changed(entry, slot), false};
    } else if (Value* value = find_mutable(place, key)) {
      return {*value, false};
    }
    return {insert(place, key, std::forward<Make>(make)), true};
  }

  /// Returns the entry for writing, and inserts an empty value if the key is missing. Fastest for
  /// new keys and pages that have room for them: call it between begin_group() and end_group().
  Value& restore(uint64_t place, const Key& key) {
    const uintptr_t entry = pages_.peek(place);
    if (__builtin_expect((entry & kSharedBit) == 0 && entry != 0, 1)) {
      Page* page = page_of(entry);
      const int log2 = log2_of(entry);
      const uint32_t found = page->find(log2, place, key);
      if (found != Page::kNone) return changed(entry, found);
      if (__builtin_expect(page->growth_left != 0, 1)) {
        return fill(page, log2, place, key, [] { return Value{}; });
      }
    }
    return find_or_insert(place, key, [] { return Value{}; }).value;
  }

  /// Returns whether the key existed.
  bool erase(uint64_t place, const Key& key) {
    uintptr_t entry = pages_.peek(place);
    if (entry == 0 && (!pages_.thaw(place) || (entry = pages_.peek(place)) == 0)) return false;
    const uint32_t slot = page_of(entry)->find(log2_of(entry), place, key);
    if (slot == Page::kNone) return false;
    if ((entry & kSharedBit) != 0) entry = pages_.own(place);
    Page* page = page_of(entry);
    note_removal(*page, log2_of(entry), slot);
    page->slot(slot).~Slot();
    page->release(log2_of(entry), slot);
    --size_;
    if (page->size == 0) {
      pages_.drop(place);
    } else {
      pages_.shrink(place);
    }
    return true;
  }

  /// Prepares for restoring a key group. Assumes as many entries as the previous group had, evenly
  /// spread, so that new pages get their final size at once. Without it pages grow, which costs
  /// several times as much as filling them.
  void begin_group(uint64_t places_of_group) {
    pages_.expect(static_cast<double>(last_group_) / static_cast<double>(places_of_group));
    before_group_ = size_;
  }
  void end_group() {
    pages_.expect(0);
    last_group_ = size_ - before_group_;
  }

  /// Calls f(const Key&, const Value&) for all entries, in the order of their pages.
  template <class F>
  void for_each(F&& f) {
    uint64_t cursor = 0;
    do {
      const uintptr_t entry = pages_.thawed(cursor);
      if (entry != 0) visit(entry, f);
      cursor = pages_.last_place(cursor, entry) + 1;
    } while (cursor != 0);
  }

  /// Calls f(const Key&, const Value&) for each entry of the first page from `cursor` on, and
  /// advances `cursor`. Returns the number of entries; 0 after the last page, which sets `cursor`
  /// to the start.
  template <class F>
  size_t visit_page(uint64_t& cursor, F&& f) {
    if (size_ == 0) cursor = 0;
    while (size_ != 0 && cursor != kAfterLastPage) {
      const uintptr_t entry = pages_.thawed(cursor);
      const uint64_t last = pages_.last_place(cursor, entry);
      cursor = last == UINT64_MAX ? kAfterLastPage : last + 1;
      if (entry == 0) continue;
      const size_t entries = page_of(entry)->size;
      visit(entry, f);
      return entries;
    }
    cursor = 0;
    return 0;
  }

  /// Calls f(const Key&, const Value&) for each entry of the first page from `cursor` on, removes
  /// the page, and advances `cursor`. Returns false if there is no page. If f throws, removes
  /// nothing.
  template <class F>
  bool drain_page(uint64_t& cursor, F&& f) {
    while (size_ != 0) {
      const uintptr_t entry = pages_.thawed(cursor);
      const uint64_t next = pages_.last_place(cursor, entry) + 1;
      if (entry != 0) {
        visit(entry, f);
        note_removals(entry);
        size_ -= page_of(entry)->size;
        pages_.drop(cursor);
        cursor = next;
        return true;
      }
      cursor = next;
      WEIR_CHECK(cursor != 0);
    }
    return false;
  }

  /// Returns the current table for a snapshot that `tracker` has registered.
  std::shared_ptr<const FrozenRoot> freeze() { return pages_.freeze(); }
  /// The keys that were removed since the snapshot `base`, which is durable, for the same snapshot.
  /// Keys that are removed before the first call are not kept: no snapshot needs them.
  typename RemovedKeys<Key>::Sealed seal_removed(uint32_t base) {
    keeps_removed_ = pages_.tracks_changes();
    return removed_.seal(pages_.epoch() - 1, base);
  }

  /// Frees the remaining memory of an empty table.
  void clear() { pages_.clear(); }

  using View = TableView<CowTable>;

 private:
  friend View;

  /// A place that no key has to have: visit_page() may start again without it.
  static constexpr uint64_t kAfterLastPage = UINT64_MAX;

  static Page* page_of(uintptr_t entry) { return Pages::page_of(entry); }
  uint64_t place_of(const Slot& slot) const { return pages_.place_of(slot); }

  static constexpr size_t kRemovedAtLeast = 1 << 16;

  __attribute__((always_inline)) Value& changed(uintptr_t entry, uint32_t slot) {
    if (__builtin_expect(pages_.tracks_changes(), 0))
      page_of(entry)->mark_changed(log2_of(entry), slot);
    return page_of(entry)->slot(slot).value;
  }
  /// No snapshot has a key that was inserted after the last one.
  void note_removal(const Page& page, int log2, uint32_t slot) {
    if (__builtin_expect(keeps_removed_, 0) &&
        (page.age(log2, slot) != Page::kInserted || page.born != pages_.epoch()))
      removed_.add(page.slot(slot).key, std::max(kRemovedAtLeast, size_));
  }
  void note_removals(uintptr_t entry) {
    if (!keeps_removed_) return;
    const Page& page = *page_of(entry);
    page.for_each(log2_of(entry), [&](const Slot& slot) {
      note_removal(page, log2_of(entry), page.index_of(slot));
    });
  }

  template <class F>
  static void visit(uintptr_t entry, F& f) {
    std::as_const(*page_of(entry)).for_each(log2_of(entry), [&](const Slot& slot) {
      f(slot.key, slot.value);
    });
  }

  template <class Make>
  __attribute__((noinline)) Value& insert(uint64_t place, const Key& key, Make&& make) {
    const uintptr_t entry = pages_.with_room(place);
    return fill(page_of(entry), log2_of(entry), place, key, std::forward<Make>(make));
  }

  /// Inserts into a page that has room.
  template <class Make>
  Value& fill(Page* page, int log2, uint64_t place, const Key& key, Make&& make) {
    // Make the slot before taking it, because `make` and the copy of the key may throw.
    Slot made = [&]() -> Slot {
      if constexpr (Page::kStoresPlace) {
        return Slot{place, key, make()};
      } else {
        return Slot{key, make()};
      }
    }();
    const uint32_t slot = page->take(log2, place);
    if (__builtin_expect(pages_.tracks_changes(), 0)) page->age(log2, slot) = Page::kInserted;
    ::new (static_cast<void*>(&page->slot(slot))) Slot(std::move(made));
    ++size_;
    return page->slot(slot).value;
  }

  Pages pages_;
  RemovedKeys<Key> removed_;
  bool keeps_removed_ = false;
  size_t size_ = 0;
  size_t before_group_ = 0;  ///< size_ at the start of the key group that is being restored
  size_t last_group_ = 0;    ///< number of entries of the previous group
};

}  // namespace weir::detail
