#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "weir/detail/state/table_hash.h"

namespace weir::detail {

// Words in the root and in the directory are pointers (aligned to 64 bytes) with data in their low
// 6 bits:
//   root slot        chunk | number of leading place bits that lead to the chunk
//   directory entry  page  | 32 if shared | log2 of the page's slots; 0: no page
inline constexpr uintptr_t kSharedBit = 32;
inline constexpr uintptr_t kPointerBits = ~uintptr_t{63};

/// The directory chunk of tables without one: 512 entries without a page.
extern const uintptr_t kNoPages[512];
inline constexpr int kNoGroup = -1;

inline int log2_of(uintptr_t entry) { return static_cast<int>(entry & 31); }
inline int prefix_of(uintptr_t slot) { return static_cast<int>(slot & 63); }
inline uintptr_t* chunk_of(uintptr_t slot) {
  return reinterpret_cast<uintptr_t*>(slot & kPointerBits);
}
inline uintptr_t untouched() { return reinterpret_cast<uintptr_t>(kNoPages); }
inline bool is_untouched(uintptr_t slot) { return (slot & kPointerBits) == untouched(); }
inline size_t chunk_index(uintptr_t slot, uint64_t place, int chunk_shift) {
  return (place << (slot & 63)) >> chunk_shift;
}

/// The first place that shares its first `depth` bits with this one.
inline uint64_t first_of_span(uint64_t place, int depth) {
  return depth == 0 ? 0 : place & ~(UINT64_MAX >> depth);
}
inline uint64_t last_of_span(uint64_t place, int depth) {
  return depth == 0 ? UINT64_MAX : place | (UINT64_MAX >> depth);
}

/// A snapshot's view of one table: the root at that moment. Immutable.
struct FrozenRoot {
  std::vector<uintptr_t> slots;
  int root_bits = 0;
  int chunk_bits = 0;
};

/// Reads the entries of a frozen root. Thread: any, one at a time.
template <class Table>
class TableView {
 public:
  TableView(std::shared_ptr<const Table> owner, std::shared_ptr<const FrozenRoot> root,
            PlaceSpace places)
      : owner_(std::move(owner)), root_(std::move(root)), places_(places) {}

  /// Calls f(const Key&, const Value&) for all entries of a key group.
  template <class F>
  void for_each_of_group(int group, F&& f) const {
    uint64_t cursor = places_.first_place(group);
    const uint64_t last = places_.last_place(group);
    for (;;) {
      const Span span = span_at(cursor);
      if (span.entry != 0) {
        visit(span, group, [&](const typename Table::Slot& slot) { f(slot.key, slot.value); });
      }
      if (span.last >= last) return;
      cursor = span.last + 1;
    }
  }
  /// Calls f(const Key&, const Value&) for the entries of a key group that were written in epoch
  /// `since` or later (table_page.h), while it returns true. Returns false if it did not.
  template <class F>
  bool for_each_changed_of_group(int group, uint32_t since, F&& f) const {
    uint64_t cursor = places_.first_place(group);
    const uint64_t last = places_.last_place(group);
    for (;;) {
      const Span span = span_at(cursor);
      if (span.entry != 0 && !visit_changed(span, group, since, f)) return false;
      if (span.last >= last) return true;
      cursor = span.last + 1;
    }
  }
  /// Returns the first key group from this one on that has entries, or kNoGroup. Those groups must
  /// not have been released.
  int next_group(int group) const {
    uint64_t cursor = places_.first_place(group);
    for (;;) {
      const Span span = span_at(cursor);
      if (span.entry != 0) {
        const int first = places_.group_of(span.first);
        if (first == places_.group_of(span.last)) return first;
        sort(span.entry);
        const auto it = sorted_from(places_.first_place(group));
        if (it != sorted_.end()) return places_.group_of(it->first);
      }
      if (span.last == UINT64_MAX) return kNoGroup;
      cursor = span.last + 1;
    }
  }
  /// Frees the sorted entries of the page that was read last.
  void forget_sorted() const {
    sorted_page_ = 0;
    std::exchange(sorted_, {});
  }

 private:
  /// The page at a place (0: none), and the range of places that share it or the vacancy.
  struct Span {
    uintptr_t entry;
    uint64_t first;
    uint64_t last;
  };
  Span span_at(uint64_t place) const {
    const uintptr_t slot =
        root_->slots[root_->root_bits == 0 ? 0 : place >> (64 - root_->root_bits)];
    const uintptr_t entry = chunk_of(slot)[chunk_index(slot, place, 64 - root_->chunk_bits)];
    const int depth =
        entry == 0 ? prefix_of(slot) + root_->chunk_bits : Table::page_of(entry)->depth;
    return {entry, first_of_span(place, depth), last_of_span(place, depth)};
  }

  /// Calls f(const Slot&).
  template <class F>
  void visit(const Span& span, int group, F&& f) const {
    if (span.first >= places_.first_place(group) && span.last <= places_.last_place(group)) {
      const typename Table::Page& page = *Table::page_of(span.entry);
      page.for_each(log2_of(span.entry), f);
      return;
    }
    sort(span.entry);
    const uint64_t last = places_.last_place(group);
    for (auto it = sorted_from(places_.first_place(group));
         it != sorted_.end() && it->first <= last; ++it) {
      f(*it->second);
    }
  }
  template <class F>
  bool visit_changed(const Span& span, int group, uint32_t since, F&& f) const {
    const typename Table::Page& page = *Table::page_of(span.entry);
    if (page.born < since) return true;
    const int log2 = log2_of(span.entry);
    bool more = true;
    visit(span, group, [&](const typename Table::Slot& slot) {
      if (more && page.changed_since(log2, page.index_of(slot), since))
        more = f(slot.key, slot.value);
    });
    return more;
  }
  /// Sorts a page with entries of several groups, once for all of them, because groups are read one
  /// after another.
  void sort(uintptr_t entry) const {
    if (sorted_page_ == entry) return;
    sorted_page_ = entry;
    sorted_.clear();
    std::as_const(*Table::page_of(entry))
        .for_each(log2_of(entry), [&](const typename Table::Slot& slot) {
          sorted_.emplace_back(owner_->place_of(slot), &slot);
        });
    std::stable_sort(sorted_.begin(), sorted_.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
  }
  auto sorted_from(uint64_t place) const {
    return std::lower_bound(sorted_.begin(), sorted_.end(), place,
                            [](const auto& a, uint64_t p) { return a.first < p; });
  }

  std::shared_ptr<const Table> owner_;
  std::shared_ptr<const FrozenRoot> root_;
  PlaceSpace places_;
  mutable uintptr_t sorted_page_ = 0;
  mutable std::vector<std::pair<uint64_t, const typename Table::Slot*>> sorted_;
};

}  // namespace weir::detail
