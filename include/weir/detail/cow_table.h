#pragma once

// An extendible hash table whose pages are copied on write, for keyed state.
//
// The 64-bit place of a key (table_hash.h) finds, by its leading bits, an entry of the directory, and that the page. Pages are
// small tables of their own (table_page.h): a full one is rebuilt twice as large up to kPageBytes, and then split in two, so
// growing never touches more than one page. The directory is cut in chunks of 512 entries under a small root, so that it grows,
// and is shared, chunk by chunk too.
//
// A snapshot takes the root and leaves an empty one behind: O(1/200 000) of the state's size. The first access through a root
// slot after that copies its chunk and marks its pages as shared; the first write to a shared page copies it, unless the
// snapshot has finished reading the page's key groups (SnapshotTracker). What was replaced is kept until no snapshot can see
// it; then the operator's thread takes it back for its next pages. So the reader never writes to memory that the operator's
// thread uses, and the operator's thread never locks.

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "weir/detail/check.h"
#include "weir/detail/page_arena.h"
#include "weir/detail/snapshot_tracker.h"
#include "weir/detail/table_page.h"
#include "weir/detail/table_view.h"

namespace weir::detail {

/// `Placer`: `uint64_t operator()(const Key&) const` gives the place of a key.
/// Thread: the operator's. Held by shared_ptr: a view of it may outlive the operator; whoever is last frees the pages.
/// `tracker` need only live as long as the table is used by the operator.
template <class Key, class Value, class Placer>
class CowTable {
 public:
  using Page = TablePage<Key, Value>;
  using Slot = typename Page::Slot;
  static_assert(std::is_copy_constructible_v<Slot>, "keys and values of keyed state must be copyable");
  static_assert(alignof(Slot) <= PageArena::kAlignment);
  static constexpr size_t kPageBytes = 8 << 10;
  static constexpr int kMinLog2 = 2;
  static constexpr int kMaxLog2 = std::clamp(static_cast<int>(std::bit_width(kPageBytes / sizeof(Slot))) - 1, 4, 10);

  CowTable(std::shared_ptr<PageArena> arena, SnapshotTracker& tracker, Placer placer)
      : arena_(std::move(arena)), tracker_(&tracker), placer_(std::move(placer)) {}
  ~CowTable() { destroy(); }
  CowTable(const CowTable&) = delete;
  CowTable& operator=(const CowTable&) = delete;

  size_t size() const { return size_; }
  size_t pages() const { return pages_; }
  bool empty() const { return size_ == 0; }
  const std::shared_ptr<PageArena>& arena() const { return arena_; }

  uint64_t place(const Key& key) const { return placer_(key); }

  /// Starts loading what an access to this place will touch.
  __attribute__((always_inline)) void prefetch(uint64_t place) {
    uintptr_t entry = peek(place);
    if (__builtin_expect(entry == 0, 0)) {
      if (!thaw_at(place)) return;
      entry = peek(place);
      if (entry == 0) return;
    }
    page_of(entry)->prefetch(log2_of(entry), place);
  }

  /// Valid until the next insertion, removal or snapshot. Null if there is none.
  const Value* find(uint64_t place, const Key& key) {
    uintptr_t entry = peek(place);
    if (__builtin_expect(entry == 0, 0)) {
      if (!thaw_at(place) || (entry = peek(place)) == 0) return nullptr;
    }
    const Page* page = page_of(entry);
    const int log2 = log2_of(entry);
    const uint32_t slot = page->find(log2, place, key);
    return slot == Page::kNone ? nullptr : &page->slot(slot).value;
  }

  /// The same for writing.
  Value* find_mutable(uint64_t place, const Key& key) {
    uintptr_t entry = peek(place);
    if (__builtin_expect(entry == 0, 0)) {
      if (!thaw_at(place) || (entry = peek(place)) == 0) return nullptr;
    }
    const uint32_t slot = page_of(entry)->find(log2_of(entry), place, key);
    if (slot == Page::kNone) return nullptr;
    if (__builtin_expect((entry & kSharedBit) != 0, 0)) entry = own_page(place);
    return &page_of(entry)->slot(slot).value;
  }

  struct Found {
    Value& value;
    bool inserted;
  };
  /// The entry for writing; if there is none, one with the value that `make` gives.
  template <class Make>
  Found find_or_insert(uint64_t place, const Key& key, Make&& make) {
    const uintptr_t entry = peek(place);
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

  /// The entry for writing; if there is none, one with an empty value. For keys that are not here yet, as a rule, and pages that have
  /// room for them: between begin_group() and end_group().
  Value& restore(uint64_t place, const Key& key) {
    const uintptr_t entry = peek(place);
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
    uintptr_t entry = peek(place);
    if (entry == 0 && (!thaw_at(place) || (entry = peek(place)) == 0)) return false;
    const uint32_t slot = page_of(entry)->find(log2_of(entry), place, key);
    if (slot == Page::kNone) return false;
    if ((entry & kSharedBit) != 0) entry = own_page(place);
    Page* page = page_of(entry);
    page->slot(slot).~Slot();
    page->give_up(log2_of(entry), slot);
    --size_;
    if (page->size == 0) drop_page(place);
    return true;
  }

  /// A key group is about to be restored: about as many entries as of the one before, evenly spread, so that new pages get at once the
  /// size that they will need. Without it pages grow, which costs several times what filling them does.
  void begin_group(uint64_t places_of_group) {
    expected_ = static_cast<double>(last_group_) / static_cast<double>(places_of_group);
    before_group_ = size_;
  }
  void end_group() {
    expected_ = 0;
    last_group_ = size_ - before_group_;
  }

  /// f(const Key&, const Value&) for all entries, in the order of their pages.
  template <class F>
  void for_each(F&& f) {
    uint64_t cursor = 0;
    do {
      const uintptr_t entry = thawed_entry(cursor);
      const int depth = span_depth(cursor, entry);
      if (entry != 0) {
        std::as_const(*page_of(entry)).for_each(log2_of(entry), [&](const Slot& slot) { f(slot.key, slot.value); });
      }
      cursor = last_of_span(cursor, depth) + 1;
    } while (cursor != 0);
  }

  /// Removes the first page from `cursor` on after calling f(const Key&, const Value&) for each of its entries, and moves
  /// `cursor` on. False if there was none. If f throws nothing is removed.
  template <class F>
  bool drain_page(uint64_t& cursor, F&& f) {
    while (size_ != 0) {
      const uintptr_t entry = thawed_entry(cursor);
      const uint64_t next = last_of_span(cursor, span_depth(cursor, entry)) + 1;
      if (entry != 0) {
        std::as_const(*page_of(entry)).for_each(log2_of(entry), [&](const Slot& slot) { f(slot.key, slot.value); });
        size_ -= page_of(entry)->size;
        drop_page(cursor);
        cursor = next;
        return true;
      }
      cursor = next;
      WEIR_CHECK(cursor != 0);
    }
    return false;
  }

  /// The table as it is now, for a snapshot that `tracker` knows of.
  std::shared_ptr<const FrozenRoot> freeze() {
    auto frozen = std::make_shared<FrozenRoot>();
    frozen->root_bits = root_bits_;
    frozen->chunk_bits = chunk_bits();
    frozen->slots.assign(root_, root_ + root_size());
    for (size_t i = 0; i < root_size(); ++i) {
      if (is_untouched(frozen->slots[i]) && frozen_ != nullptr)
        frozen->slots[i] = frozen_->slots[i >> (root_bits_ - frozen_->root_bits)];
    }
    if (size_ == 0 && frozen_ == nullptr && is_untouched(root_[0])) return frozen;
    std::fill(root_, root_ + root_size(), untouched());
    frozen_ = frozen;
    frozen_left_ = root_size();
    return frozen;
  }

  /// Gives back up to `limit` pages that no snapshot needs any more, whose oldest is `oldest_epoch`. True if there may be more.
  bool collect(int64_t oldest_epoch, size_t limit) {
    size_t given_back = 0;
    while (retired_next_ < retired_.size() && retired_[retired_next_].epoch < oldest_epoch && given_back < limit) {
      free_word(retired_[retired_next_++]);
      ++given_back;
    }
    if (retired_next_ == retired_.size()) {
      retired_.clear();
      retired_next_ = 0;
    }
    return given_back == limit;
  }
  bool has_garbage() const { return !retired_.empty(); }

  /// Gives all memory back at once; the table is empty afterwards. Only when no snapshot sees anything of it.
  void recycle() {
    collect(INT64_MAX, SIZE_MAX);
    uint64_t cursor = 0;
    do {
      const size_t index = root_index(cursor);
      uintptr_t slot = root_[index];
      if (is_untouched(slot) && frozen_ != nullptr) slot = frozen_->slots[index >> (root_bits_ - frozen_->root_bits)];
      if (is_untouched(slot)) break;
      const int prefix = prefix_of(slot);
      uintptr_t* chunk = chunk_of(slot);
      for (size_t i = 0, entries = size_t{1} << chunk_bits(); i < entries;) {
        const int depth = chunk[i] != 0 ? page_of(chunk[i])->depth : prefix + chunk_bits();
        if (chunk[i] != 0) free_page(chunk[i]);
        i += size_t{1} << (prefix + chunk_bits() - depth);
      }
      cursor = last_of_span(cursor, prefix) + 1;
      arena_->release(kChunkClass + chunk_bits(), chunk, sizeof(uintptr_t) << chunk_bits());
    } while (cursor != 0);
    root_ = &root_inline_;
    root_inline_ = untouched();
    root_array_.reset();
    root_bits_ = 0;
    root_shift_ = 63;
    chunk_shift_ = 64 - kMinChunkBits;
    frozen_.reset();
    frozen_left_ = 0;
    size_ = 0;
    pages_ = 0;
  }

  using View = TableView<CowTable>;

 private:
  friend View;
  static constexpr int kMinChunkBits = 3;
  static constexpr int kMaxChunkBits = 9;
  static constexpr int kMaxDepth = 48;
  static constexpr int kChunkClass = 32;  // classes of the arena: pages by their log2, chunks from here on

  struct Retired {
    uintptr_t word;
    int64_t epoch;
    bool is_chunk;
    uint8_t chunk_bits;
  };

  static Page* page_of(uintptr_t entry) { return reinterpret_cast<Page*>(entry & kPointerBits); }

  size_t root_size() const { return size_t{1} << root_bits_; }
  int chunk_bits() const { return 64 - chunk_shift_; }
  size_t root_index(uint64_t place) const { return (place >> 1) >> root_shift_; }
  uintptr_t peek(uint64_t place) const {
    const uintptr_t slot = root_[root_index(place)];
    return chunk_of(slot)[chunk_index(slot, place, chunk_shift_)];
  }
  uintptr_t& entry_at(uint64_t place) {
    const uintptr_t slot = root_[root_index(place)];
    return chunk_of(slot)[chunk_index(slot, place, chunk_shift_)];
  }
  uint64_t place_of(const Slot& slot) const {
    if constexpr (Page::kStoresPlace) {
      return slot.place;
    } else {
      return placer_(slot.key);
    }
  }

  // --- after a snapshot ---

  /// If the chunk for this place has not been touched since the last snapshot: makes it usable. False if there was nothing to
  /// do.
  __attribute__((noinline)) bool thaw_at(uint64_t place) {
    const size_t index = root_index(place);
    if (frozen_ == nullptr || !is_untouched(root_[index])) return false;
    const uintptr_t slot = frozen_->slots[index >> (root_bits_ - frozen_->root_bits)];
    const int prefix = prefix_of(slot);
    uintptr_t live = slot;
    if (!is_untouched(slot) && tracker_->needed(first_of_span(place, prefix), last_of_span(place, prefix))) {
      const size_t entries = size_t{1} << chunk_bits();
      uintptr_t* chunk = new_chunk(chunk_bits());
      const uintptr_t* from = chunk_of(slot);
      for (size_t i = 0; i < entries; ++i) chunk[i] = from[i] == 0 ? 0 : from[i] | kSharedBit;
      retired_.push_back({slot, tracker_->epoch(), true, static_cast<uint8_t>(chunk_bits())});
      live = reinterpret_cast<uintptr_t>(chunk) | static_cast<uintptr_t>(prefix);
    }
    set_root_slots(place, live);
    frozen_left_ -= root_size() >> prefix;
    if (frozen_left_ == 0) frozen_.reset();
    return true;
  }
  uintptr_t thawed_entry(uint64_t place) {
    const uintptr_t entry = peek(place);
    return entry == 0 && thaw_at(place) ? peek(place) : entry;
  }

  /// Makes the shared page at this place one that may be written; gives its new directory entry.
  __attribute__((noinline)) uintptr_t own_page(uint64_t place) {
    const uintptr_t entry = entry_at(place);
    Page* page = page_of(entry);
    const int log2 = log2_of(entry);
    const int depth = page->depth;
    uintptr_t owned = entry & ~kSharedBit;
    if (!tracker_->writes_into_shared_pages() && tracker_->needed(first_of_span(place, depth), last_of_span(place, depth))) {
      Page* copy = new_page(log2);
      copy->copy_from(*page, log2);
      arena_->count_copy(Page::bytes(log2));
      retired_.push_back({entry, tracker_->epoch(), false, 0});
      owned = word_of(copy, log2);
    }
    set_entries(place, depth, owned);
    return owned;
  }

  // --- growth ---

  template <class Make>
  __attribute__((noinline)) Value& insert(uint64_t place, const Key& key, Make&& make) {
    const uintptr_t entry = page_with_room(place);
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

  uintptr_t page_with_room(uint64_t place) {
    for (;;) {
      if (is_untouched(root_[root_index(place)]) && !thaw_at(place)) {
        uintptr_t* chunk = new_chunk(chunk_bits());  // the first of all: the root has one slot
        std::fill(chunk, chunk + (size_t{1} << chunk_bits()), 0);
        root_[0] = reinterpret_cast<uintptr_t>(chunk);
      }
      uintptr_t entry = entry_at(place);
      if (entry == 0) {
        add_page(place);
        continue;
      }
      if ((entry & kSharedBit) != 0) entry = own_page(place);
      if (page_of(entry)->growth_left != 0) return entry;
      make_room(place, entry);
    }
  }

  /// Where there is none.
  void add_page(uint64_t place) {
    int depth = widest_vacancy(place);
    int log2 = kMinLog2;
    if (expected_ != 0) {
      while (most_at(depth) > Page::max_load(kMaxLog2) && depth < kMaxDepth) {
        const uintptr_t slot = root_[root_index(place)];
        if (depth == prefix_of(slot) + chunk_bits() && !grow_directory(place)) break;
        ++depth;
      }
      while (log2 < kMaxLog2 && most_at(depth) > Page::max_load(log2)) ++log2;
    }
    Page* page = new_page(log2);
    page->initialize(log2, static_cast<uint8_t>(depth));
    ++pages_;
    set_entries(place, depth, word_of(page, log2));
  }

  /// How many entries of those that are expected a page of this depth will get, with two standard deviations more: one page in fifty is
  /// too small.
  double most_at(int depth) const {
    const double mean = std::ldexp(expected_, 64 - depth);
    return mean + 2 * std::sqrt(mean);
  }

  void make_room(uint64_t place, uintptr_t entry) {
    const Page* page = page_of(entry);
    const int log2 = log2_of(entry);
    if (page->size * 4 <= Page::max_load(log2) * 3) return rebuild(place, entry, log2);  // a quarter or more are deleted slots
    if (log2 < kMaxLog2) return rebuild(place, entry, log2 + 1);
    const uintptr_t slot = root_[root_index(place)];
    if (page->depth == prefix_of(slot) + chunk_bits() && !grow_directory(place)) return rebuild(place, entry, log2 + 1);
    split(place, entry);
  }

  void rebuild(uint64_t place, uintptr_t entry, int new_log2) {
    Page* old = page_of(entry);
    Page* page = new_page(new_log2);
    page->initialize(new_log2, old->depth);
    old->for_each(log2_of(entry), [&](Slot& slot) { move_slot(slot, *page, new_log2); });
    set_entries(place, page->depth, word_of(page, new_log2));
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
      set_entries(side[count[0] == 0 ? 0 : 1], depth, 0);
      old->depth = depth;
      return;
    }
    Page* half[2];
    int log2[2];
    for (int i = 0; i < 2; ++i) {
      log2[i] = kMinLog2;
      while (log2[i] < log2_of(entry) && Page::max_load(log2[i]) * 3 / 4 <= count[i]) ++log2[i];
      half[i] = new_page(log2[i]);
      half[i]->initialize(log2[i], depth);
    }
    old->for_each(log2_of(entry), [&](Slot& slot) {
      const int i = (place_of(slot) & bit) != 0;
      move_slot(slot, *half[i], log2[i]);
    });
    for (int i = 0; i < 2; ++i) set_entries(side[i], depth, word_of(half[i], log2[i]));
    ++pages_;
    dispose_of(entry);
  }

  /// Twice the entries for the chunk at this place. False: the places are so alike that it would not help.
  bool grow_directory(uint64_t place) {
    const uintptr_t slot = root_[root_index(place)];
    const int bits = chunk_bits();
    const int prefix = prefix_of(slot);
    const uintptr_t* old = chunk_of(slot);
    const size_t entries = size_t{1} << bits;
    if (bits < kMaxChunkBits) {
      uintptr_t* chunk = new_chunk(bits + 1);
      for (size_t i = 0; i < entries; ++i) chunk[2 * i] = chunk[2 * i + 1] = old[i];
      root_[0] = reinterpret_cast<uintptr_t>(chunk);
      chunk_shift_ -= 1;
    } else {
      if (prefix + bits >= kMaxDepth) return false;
      if (prefix == root_bits_ && !grow_root()) return false;
      for (uint64_t half = 0; half < 2; ++half) {
        uintptr_t* chunk = new_chunk(bits);
        for (size_t i = 0; i < entries; ++i) chunk[i] = old[half * (entries / 2) + i / 2];
        const uint64_t bit = uint64_t{1} << (63 - prefix);
        set_root_slots(half == 0 ? place & ~bit : place | bit,
                       reinterpret_cast<uintptr_t>(chunk) | static_cast<uintptr_t>(prefix + 1));
      }
    }
    arena_->release(kChunkClass + bits, chunk_of(slot), sizeof(uintptr_t) << bits);
    return true;
  }
  bool grow_root() {
    // Evenly spread places need about pages / 256 slots; 128 key groups of which one alone is used need 128 times that.
    if (root_size() > std::max<size_t>(64, pages_)) return false;
    auto larger = std::make_unique<uintptr_t[]>(root_size() * 2);
    for (size_t i = 0; i < root_size(); ++i) larger[2 * i] = larger[2 * i + 1] = root_[i];
    root_array_ = std::move(larger);
    root_ = root_array_.get();
    ++root_bits_;
    --root_shift_;
    frozen_left_ *= 2;
    return true;
  }

  void move_slot(Slot& from, Page& to, int log2) {
    const uint32_t slot = to.take(log2, place_of(from));
    ::new (static_cast<void*>(&to.slot(slot))) Slot(std::move(from));
  }

  // --- directory ---

  /// All entries of the page of this depth at this place.
  void set_entries(uint64_t place, int depth, uintptr_t word) {
    const uintptr_t slot = root_[root_index(place)];
    const size_t run = size_t{1} << (prefix_of(slot) + chunk_bits() - depth);
    uintptr_t* const first = chunk_of(slot) + (chunk_index(slot, place, chunk_shift_) & ~(run - 1));
    std::fill(first, first + run, word);
  }
  void set_root_slots(uint64_t place, uintptr_t slot) {
    const size_t run = size_t{1} << (root_bits_ - prefix_of(slot));
    uintptr_t* const first = root_ + (root_index(place) & ~(run - 1));
    std::fill(first, first + run, slot);
  }
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
  int span_depth(uint64_t place, uintptr_t entry) const {
    if (entry != 0) return page_of(entry)->depth;
    const uintptr_t slot = root_[root_index(place)];
    return is_untouched(slot) ? 0 : prefix_of(slot) + chunk_bits();
  }

  // --- memory ---

  static uintptr_t word_of(const Page* page, int log2) {
    return reinterpret_cast<uintptr_t>(page) | static_cast<uintptr_t>(log2);
  }
  Page* new_page(int log2) { return Page::in_block(arena_->allocate(log2, Page::bytes(log2)), log2); }
  uintptr_t* new_chunk(int bits) {
    return static_cast<uintptr_t*>(arena_->allocate(kChunkClass + bits, sizeof(uintptr_t) << bits));
  }
  void free_word(const Retired& retired) {
    if (retired.is_chunk) {
      arena_->release(kChunkClass + retired.chunk_bits, chunk_of(retired.word), sizeof(uintptr_t) << retired.chunk_bits);
    } else {
      free_page(retired.word);
    }
  }
  void free_page(uintptr_t entry) {
    page_of(entry)->destroy_slots(log2_of(entry));
    arena_->release(log2_of(entry), page_of(entry)->block(log2_of(entry)), Page::bytes(log2_of(entry)));
  }
  /// Frees a page that is no longer in the directory and was not shared.
  void dispose_of(uintptr_t entry) {
    if (__builtin_expect(tracker_->writes_into_shared_pages(), 0)) {
      retired_.push_back({entry, tracker_->epoch(), false, 0});
    } else {
      free_page(entry);
    }
  }
  void drop_page(uint64_t place) {
    const uintptr_t entry = entry_at(place);
    const int depth = page_of(entry)->depth;
    set_entries(place, depth, 0);
    --pages_;
    if ((entry & kSharedBit) != 0 && tracker_->needed(first_of_span(place, depth), last_of_span(place, depth))) {
      retired_.push_back({entry, tracker_->epoch(), false, 0});
    } else {
      dispose_of(entry);
    }
  }

  /// The arena is not asked: another table's last user may be doing the same on another thread.
  void destroy() {
    if constexpr (std::is_trivially_destructible_v<Slot>) return;
    while (retired_next_ < retired_.size()) {
      const Retired& retired = retired_[retired_next_++];
      if (!retired.is_chunk) page_of(retired.word)->destroy_slots(log2_of(retired.word));
    }
    uint64_t cursor = 0;
    do {
      const size_t index = root_index(cursor);
      uintptr_t slot = root_[index];
      if (is_untouched(slot) && frozen_ != nullptr) slot = frozen_->slots[index >> (root_bits_ - frozen_->root_bits)];
      if (is_untouched(slot)) return;
      const uintptr_t entry = chunk_of(slot)[chunk_index(slot, cursor, chunk_shift_)];
      if (entry != 0) page_of(entry)->destroy_slots(log2_of(entry));
      cursor = last_of_span(cursor, entry != 0 ? page_of(entry)->depth : prefix_of(slot) + chunk_bits()) + 1;
    } while (cursor != 0);
  }

  uintptr_t* root_ = &root_inline_;
  int root_shift_ = 63;
  int chunk_shift_ = 64 - kMinChunkBits;
  uintptr_t root_inline_ = untouched();
  int root_bits_ = 0;
  size_t size_ = 0;
  size_t pages_ = 0;
  double expected_ = 0;      ///< entries at each place, by the end of the key group that is being restored; 0: nobody knows
  size_t before_group_ = 0;  ///< size_ when it began
  size_t last_group_ = 0;    ///< entries of the one before
  std::unique_ptr<uintptr_t[]> root_array_;
  std::shared_ptr<const FrozenRoot> frozen_;  ///< while some root slots have not been touched since the last snapshot
  size_t frozen_left_ = 0;                    ///< how many
  std::vector<Retired> retired_;              ///< replaced, but maybe still read; oldest first, from retired_next_ on
  size_t retired_next_ = 0;
  std::shared_ptr<PageArena> arena_;
  SnapshotTracker* tracker_;
  Placer placer_;
};

}  // namespace weir::detail
