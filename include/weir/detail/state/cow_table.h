#pragma once

// An extendible hash table whose pages are copied on write, for keyed state.
//
// The 64-bit place of a key (table_hash.h) finds, by its leading bits, an entry of the directory
// (table_directory.h), and that the page. Pages are small tables of their own (table_page.h): a
// full one is rebuilt twice as large up to kPageBytes, and then split in two, so growing never
// touches more than one page (table_pages.h). The directory is cut in chunks of 512 entries under a
// small root, so that it grows, and is shared, chunk by chunk too.
//
// A snapshot takes the root and leaves an empty one behind: O(1/200 000) of the state's size. The
// first access through a root slot after that copies its chunk and marks its pages as shared; the
// first write to a shared page copies it, unless the snapshot has finished reading the page's key
// groups (SnapshotTracker). What was replaced is kept until no snapshot can see it
// (deferred_free.h); then the operator's thread takes it back for its next pages, at least as fast
// as it replaces others. So the reader never writes to memory that the operator's thread uses, and
// the operator's thread never locks.

#include <cstdint>
#include <memory>
#include <utility>

#include "weir/detail/base/check.h"
#include "weir/detail/state/table_pages.h"
#include "weir/detail/state/table_view.h"

namespace weir::detail {

/// `Placer`: `uint64_t operator()(const Key&) const` gives the place of a key.
/// Thread: the operator's. Held by shared_ptr: a view of it may outlive the operator; whoever is
/// last frees the pages. `tracker` need only live as long as the table is used by the operator.
template <class Key, class Value, class Placer>
class CowTable {
  using Pages = TablePages<Key, Value, Placer>;

 public:
  using Page = typename Pages::Page;
  using Slot = typename Pages::Slot;

  CowTable(SnapshotTracker& tracker, Placer placer) : pages_(tracker, std::move(placer)) {}

  size_t size() const { return size_; }
  size_t pages() const { return pages_.count(); }
  bool empty() const { return size_ == 0; }
  /// Of all tables of the operator.
  const PageArena* arena() const { return &pages_.arena(); }

  uint64_t place(const Key& key) const { return pages_.place(key); }

  /// Starts loading what an access to this place will touch.
  __attribute__((always_inline)) void prefetch(uint64_t place) {
    uintptr_t entry = pages_.peek(place);
    if (__builtin_expect(entry == 0, 0)) {
      if (!pages_.thaw(place)) return;
      entry = pages_.peek(place);
      if (entry == 0) return;
    }
    page_of(entry)->prefetch(log2_of(entry), place);
  }

  /// Valid until the next insertion, removal or snapshot. Null if there is none.
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

  /// The same for writing.
  Value* find_mutable(uint64_t place, const Key& key) {
    uintptr_t entry = pages_.peek(place);
    if (__builtin_expect(entry == 0, 0)) {
      if (!pages_.thaw(place) || (entry = pages_.peek(place)) == 0) return nullptr;
    }
    const uint32_t slot = page_of(entry)->find(log2_of(entry), place, key);
    if (slot == Page::kNone) return nullptr;
    if (__builtin_expect((entry & kSharedBit) != 0, 0)) entry = pages_.own(place);
    return &page_of(entry)->slot(slot).value;
  }

  struct Found {
    Value& value;
    bool inserted;
  };
  /// The entry for writing; if there is none, one with the value that `make` gives.
  template <class Make>
  Found find_or_insert(uint64_t place, const Key& key, Make&& make) {
    const uintptr_t entry = pages_.peek(place);
    if (__builtin_expect((entry & kSharedBit) == 0 && entry != 0, 1)) {
      Page* page = page_of(entry);
      const int log2 = log2_of(entry);
      const uint32_t slot = page->find(log2, place, key);
      if (__builtin_expect(slot != Page::kNone, 1)) return {page->slot(slot).value, false};
    } else if (Value* value = find_mutable(place, key)) {
      return {*value, false};
    }
    return {insert(place, key, std::forward<Make>(make)), true};
  }

  /// The entry for writing; if there is none, one with an empty value. For keys that are not here
  /// yet, as a rule, and pages that have room for them: between begin_group() and end_group().
  Value& restore(uint64_t place, const Key& key) {
    const uintptr_t entry = pages_.peek(place);
    if (__builtin_expect((entry & kSharedBit) == 0 && entry != 0, 1)) {
      Page* page = page_of(entry);
      const int log2 = log2_of(entry);
      const uint32_t found = page->find(log2, place, key);
      if (found != Page::kNone) return page->slot(found).value;
      if (__builtin_expect(page->growth_left != 0, 1)) {
        return fill(page, log2, place, key, [] { return Value{}; });
      }
    }
    return find_or_insert(place, key, [] { return Value{}; }).value;
  }

  /// Whether there was one.
  bool erase(uint64_t place, const Key& key) {
    uintptr_t entry = pages_.peek(place);
    if (entry == 0 && (!pages_.thaw(place) || (entry = pages_.peek(place)) == 0)) return false;
    const uint32_t slot = page_of(entry)->find(log2_of(entry), place, key);
    if (slot == Page::kNone) return false;
    if ((entry & kSharedBit) != 0) entry = pages_.own(place);
    Page* page = page_of(entry);
    page->slot(slot).~Slot();
    page->give_up(log2_of(entry), slot);
    --size_;
    if (page->size == 0) {
      pages_.drop(place);
    } else {
      pages_.shrink(place);
    }
    return true;
  }

  /// A key group is about to be restored: about as many entries as of the one before, evenly
  /// spread, so that new pages get at once the size that they will need. Without it pages grow,
  /// which costs several times what filling them does.
  void begin_group(uint64_t places_of_group) {
    pages_.expect(static_cast<double>(last_group_) / static_cast<double>(places_of_group));
    before_group_ = size_;
  }
  void end_group() {
    pages_.expect(0);
    last_group_ = size_ - before_group_;
  }

  /// f(const Key&, const Value&) for all entries, in the order of their pages.
  template <class F>
  void for_each(F&& f) {
    uint64_t cursor = 0;
    do {
      const uintptr_t entry = pages_.thawed(cursor);
      if (entry != 0) visit(entry, f);
      cursor = pages_.last_place(cursor, entry) + 1;
    } while (cursor != 0);
  }

  /// Removes the first page from `cursor` on after calling f(const Key&, const Value&) for each of
  /// its entries, and moves `cursor` on. False if there was none. If f throws nothing is removed.
  template <class F>
  bool drain_page(uint64_t& cursor, F&& f) {
    while (size_ != 0) {
      const uintptr_t entry = pages_.thawed(cursor);
      const uint64_t next = pages_.last_place(cursor, entry) + 1;
      if (entry != 0) {
        visit(entry, f);
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

  /// The table as it is now, for a snapshot that `tracker` knows of.
  std::shared_ptr<const FrozenRoot> freeze() { return pages_.freeze(); }

  /// Gives back what an empty table still has.
  void clear() { pages_.clear(); }

  using View = TableView<CowTable>;

 private:
  friend View;

  static Page* page_of(uintptr_t entry) { return Pages::page_of(entry); }
  uint64_t place_of(const Slot& slot) const { return pages_.place_of(slot); }

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

  /// A page that has room.
  template <class Make>
  Value& fill(Page* page, int log2, uint64_t place, const Key& key, Make&& make) {
    // Made before the slot is taken: `make` and copying the key may throw.
    Slot made = [&]() -> Slot {
      if constexpr (Page::kStoresPlace) {
        return Slot{place, key, make()};
      } else {
        return Slot{key, make()};
      }
    }();
    const uint32_t slot = page->take(log2, place);
    ::new (static_cast<void*>(&page->slot(slot))) Slot(std::move(made));
    ++size_;
    return page->slot(slot).value;
  }

  Pages pages_;
  size_t size_ = 0;
  size_t before_group_ = 0;  ///< size_ when the key group began that is being restored
  size_t last_group_ = 0;    ///< entries of the one before
};

}  // namespace weir::detail
