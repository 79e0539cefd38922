#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "weir/detail/state/table_hash.h"

namespace weir::detail {

/// The value of an entry that has only a key.
struct Nothing {
  bool operator==(const Nothing&) const = default;
};

/// Sixteen tags that are compared at once.
class TagGroup {
 public:
#if defined(__SSE2__)
  explicit TagGroup(const uint8_t* tags)
      : tags_(_mm_loadu_si128(reinterpret_cast<const __m128i*>(tags))) {}
  uint32_t equal(uint8_t tag) const {
    return static_cast<uint32_t>(
        _mm_movemask_epi8(_mm_cmpeq_epi8(tags_, _mm_set1_epi8(static_cast<char>(tag)))));
  }
  /// Empty or deleted slots: tags with the top bit set.
  uint32_t vacant() const { return static_cast<uint32_t>(_mm_movemask_epi8(tags_)); }

 private:
  __m128i tags_;
#else
  explicit TagGroup(const uint8_t* tags) : tags_(tags) {}
  uint32_t equal(uint8_t tag) const {
    uint32_t bits = 0;
    for (uint32_t i = 0; i < 16; ++i) bits |= static_cast<uint32_t>(tags_[i] == tag) << i;
    return bits;
  }
  uint32_t vacant() const {
    uint32_t bits = 0;
    for (uint32_t i = 0; i < 16; ++i) bits |= static_cast<uint32_t>(tags_[i] >> 7) << i;
    return bits;
  }

 private:
  const uint8_t* tags_;
#endif
};

/// A page of a CowTable: an open-addressing table of 2^log2 slots in one block of memory:
///   slots in reverse order | header | one tag per slot, then the first 16 tags again
///   | one age per slot, if the table tracks changes
/// A pointer to a page points to its header, so that the positions of slots and tags do not depend
/// on the size. A search starts at the place's home slot and compares 16 tags at a time. A tag is
/// seven bits of the place, kEmpty or kDeleted. CowTable handles growth and sharing. The owner of
/// the pointer keeps `log2`.
///
/// An age says in which epoch (the number of the last snapshot) a slot was written last, relative
/// to `born`: kInserted or 1: in epoch `born`; n: n - 1 epochs before; kOldest: that or earlier.
template <class Key, class Value>
class TablePage {
 public:
  static constexpr bool kStoresPlace = !kCheapHash<Key>;
  struct SlotWithPlace {
    uint64_t place;
    Key key;
    [[no_unique_address]] Value value;
  };
  struct SlotWithout {
    Key key;
    [[no_unique_address]] Value value;
  };
  using Slot = std::conditional_t<kStoresPlace, SlotWithPlace, SlotWithout>;
  static constexpr bool kTrivial = std::is_trivially_copyable_v<Slot>;

  static constexpr uint8_t kEmpty = 0x80;
  static constexpr uint8_t kDeleted = 0xFE;
  static constexpr uint32_t kGroup = 16;
  static constexpr uint32_t kNone = UINT32_MAX;
  static constexpr uint8_t kInserted = 0;  ///< the key was inserted in epoch `born`
  static constexpr uint8_t kOldest = 255;

  uint32_t size;
  uint32_t growth_left;  ///< number of empty slots that may still be filled
  uint8_t depth;         ///< number of leading bits that all places in this page share
  bool has_ages;         ///< the page tracks changes
  uint32_t born;         ///< the last snapshot before the page was made; it does not see the page

  static constexpr uint32_t max_load(int log2) {
    return (1u << log2) - std::max(1u, (1u << log2) / 8);
  }
  /// The offset of the header in the block.
  static constexpr size_t header_offset(int log2) {
    return ((sizeof(Slot) << log2) + 63) & ~size_t{63};
  }
  static constexpr size_t bytes(int log2, bool has_ages) {
    const size_t slots = size_t{1} << log2;
    return (header_offset(log2) + kTags + slots + kGroup + (has_ages ? slots : 0) + 63) &
           ~size_t{63};
  }
  size_t bytes(int log2) const { return bytes(log2, has_ages); }
  static TablePage* in_block(void* block, int log2) {
    return reinterpret_cast<TablePage*>(static_cast<char*>(block) + header_offset(log2));
  }
  void* block(int log2) { return reinterpret_cast<char*>(this) - header_offset(log2); }

  /// The ages need none: a slot's is set when it is taken.
  void initialize(int log2, uint8_t new_depth, uint32_t epoch, bool with_ages) {
    size = 0;
    growth_left = max_load(log2);
    depth = new_depth;
    has_ages = with_ages;
    born = epoch;
    std::memset(tags(), kEmpty, (size_t{1} << log2) + kGroup);
  }

  static uint8_t tag_of(uint64_t place) { return static_cast<uint8_t>(place & 0x7F); }
  static uint32_t home_of(uint64_t place, uint32_t mask) {
    return static_cast<uint32_t>(place >> 7) & mask;
  }

  uint8_t* tags() { return reinterpret_cast<uint8_t*>(this) + kTags; }
  const uint8_t* tags() const { return reinterpret_cast<const uint8_t*>(this) + kTags; }
  Slot& slot(uint32_t i) { return *(reinterpret_cast<Slot*>(this) - 1 - static_cast<size_t>(i)); }
  const Slot& slot(uint32_t i) const {
    return *(reinterpret_cast<const Slot*>(this) - 1 - static_cast<size_t>(i));
  }

  uint32_t index_of(const Slot& slot) const {
    return static_cast<uint32_t>(reinterpret_cast<const Slot*>(this) - 1 - &slot);
  }
  // Only if the page has ages.
  uint8_t& age(int log2, uint32_t slot) { return tags()[(size_t{1} << log2) + kGroup + slot]; }
  uint8_t age(int log2, uint32_t slot) const { return tags()[(size_t{1} << log2) + kGroup + slot]; }
  /// The page is writable, and the slot's value changes now.
  void mark_changed(int log2, uint32_t slot) {
    uint8_t& its = age(log2, slot);
    its = std::min<uint8_t>(its, 1);
  }
  /// True if the slot was written in this epoch or later. Exact for 253 epochs before `born`.
  bool changed_since(int log2, uint32_t slot, uint32_t epoch) const {
    const uint32_t before_born = std::max<uint32_t>(age(log2, slot), 1) - 1;
    return born >= epoch && before_born <= born - epoch;
  }
  /// Moves `born` forward.
  void grow_older(int log2, uint32_t epoch) {
    if (has_ages && epoch != born) {
      const uint32_t by = std::min<uint32_t>(epoch - born, kOldest);
      for (uint32_t i = 0; i < (1u << log2); ++i) {
        uint8_t& its = age(log2, i);
        its = static_cast<uint8_t>(
            std::min<uint32_t>(std::max<uint32_t>(its, 1) + by, uint32_t{kOldest}));
      }
    }
    born = epoch;
  }

  // Forced inline: GCC 12 considers a function that only prefetches to have no effects, and drops
  // calls to it.
  __attribute__((always_inline)) void prefetch(int log2, uint64_t place) const {
    const uint32_t home = home_of(place, (1u << log2) - 1);
    __builtin_prefetch(tags() + home);
    __builtin_prefetch(&slot(home));
  }

  /// Returns the slot with the key, or kNone.
  uint32_t find(int log2, uint64_t place, const Key& key) const {
    const uint32_t mask = (1u << log2) - 1;
    const uint8_t tag = tag_of(place);
    for (uint32_t at = home_of(place, mask);; at = (at + kGroup) & mask) {
      const TagGroup group(tags() + at);
      for (uint32_t hits = group.equal(tag); hits != 0; hits &= hits - 1) {
        const uint32_t i = (at + static_cast<uint32_t>(__builtin_ctz(hits))) & mask;
        if (__builtin_expect(same_key(slot(i).key, key), 1)) return i;
      }
      if (__builtin_expect(group.equal(kEmpty) != 0, 1)) return kNone;
    }
  }

  /// Takes a slot for a place whose key is missing. growth_left must not be 0. The caller
  /// constructs the slot.
  uint32_t take(int log2, uint64_t place) {
    const uint32_t i = vacancy(log2, place);
    growth_left -= tags()[i] == kEmpty ? 1 : 0;
    ++size;
    set_tag(log2, i, tag_of(place));
    return i;
  }

  /// Marks a slot as free. The caller has destroyed it.
  void release(int log2, uint32_t slot) {
    --size;
    if (never_in_a_full_group(log2, slot)) {
      set_tag(log2, slot, kEmpty);
      ++growth_left;
    } else {
      set_tag(log2, slot, kDeleted);
    }
  }

  /// Calls f(Slot&) for all taken slots.
  template <class F>
  void for_each(int log2, F&& f) {
    for (uint32_t i = 0; i < (1u << log2); ++i) {
      if (tags()[i] < 0x80) f(slot(i));
    }
  }
  template <class F>
  void for_each(int log2, F&& f) const {
    for (uint32_t i = 0; i < (1u << log2); ++i) {
      if (tags()[i] < 0x80) f(slot(i));
    }
  }

  /// Initializes this raw block as a copy of `from`.
  void copy_from(const TablePage& from, int log2) {
    if constexpr (kTrivial) {
      const size_t before = header_offset(log2);
      std::memcpy(block(log2), reinterpret_cast<const char*>(&from) - before, from.bytes(log2));
    } else {
      const size_t slots = size_t{1} << log2;
      std::memcpy(static_cast<void*>(this), &from,
                  kTags + slots + kGroup + (from.has_ages ? slots : 0));
      for (uint32_t i = 0; i < (1u << log2); ++i) {
        if (tags()[i] < 0x80) ::new (static_cast<void*>(&slot(i))) Slot(from.slot(i));
      }
    }
  }
  void destroy_slots(int log2) {
    if constexpr (!std::is_trivially_destructible_v<Slot>) {
      for_each(log2, [](Slot& slot) { slot.~Slot(); });
    }
  }

 private:
  static constexpr size_t kTags = 16;

  uint32_t vacancy(int log2, uint64_t place) const {
    const uint32_t mask = (1u << log2) - 1;
    for (uint32_t at = home_of(place, mask);; at = (at + kGroup) & mask) {
      if (const uint32_t vacant = TagGroup(tags() + at).vacant(); vacant != 0) {
        return (at + static_cast<uint32_t>(__builtin_ctz(vacant))) & mask;
      }
    }
  }
  void set_tag(int log2, uint32_t slot, uint8_t tag) {
    tags()[slot] = tag;
    if (slot < kGroup) tags()[(size_t{1} << log2) + slot] = tag;
  }
  /// If true, no search ever continued past this slot to the next group, so it may become empty
  /// again.
  bool never_in_a_full_group(int log2, uint32_t slot) const {
    if ((1u << log2) <= kGroup) return true;
    const uint32_t mask = (1u << log2) - 1;
    const uint32_t after = TagGroup(tags() + slot).equal(kEmpty);
    const uint32_t before = TagGroup(tags() + ((slot - kGroup) & mask)).equal(kEmpty);
    if (after == 0 || before == 0) return false;
    // The taken slots directly before it, and from it on.
    const auto run = static_cast<uint32_t>(__builtin_ctz(after)) +
                     static_cast<uint32_t>(__builtin_clz(before << 16));
    return run < kGroup;
  }
};

}  // namespace weir::detail
