#pragma once

// The panes of one key, and the value of a window over them.
//
// A window's value is combined from its panes by three merges on average, whatever their number.
// The panes are in two parts, as in a queue of two stacks. A value of the older part ("front") is
// that of all front panes from its own to the last, so the front's first value is the value of the
// whole front. A value of the newer part ("back") is that of its own pane only; `back` is the value
// of all back panes that windows have included so far. A window's value is the front's first value
// merged with `back`. When the window leaves the last front pane behind, the back becomes the
// front.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "weir/types/types.h"

namespace weir::detail {

/// `Stored`: the value of a pane, as in kept_in_window.h. Pane numbers increase within the front
/// and the back, and those of the front are less than those of the back. Thread: the operator's.
template <class Stored>
class PanesOfKey {
 public:
  bool empty() const { return begin_ == cells_.size(); }
  /// Whether there is no such pane and no later one.
  bool all_before(int64_t pane) const { return empty() || cells_.back().pane < pane; }
  size_t size() const { return cells_.size() - begin_; }
  /// The oldest pane. Only if there is one.
  int64_t first() const { return cells_[begin_].pane; }

  /// Windows up to this one do not fire again for the key.
  int64_t done() const { return done_; }
  void set_done(int64_t window) { done_ = std::max(done_, window); }

  /// Adds a record to a pane.
  template <class Kept, class T>
  void add(const Kept& kept, int64_t pane, const T& record) {
    size_t at = cells_.size();
    while (at > begin_ && cells_[at - 1].pane > pane) --at;
    const bool exists = at > begin_ && cells_[at - 1].pane == pane;
    if (exists) {
      kept.add(record, cells_[--at].value);
    } else {
      Cell made{pane, kept.first(record)};
      // A value in the front includes those after it.
      if (at < front_end()) kept.merge(cells_[at].value, made.value);
      cells_.insert(cells_.begin() + static_cast<ptrdiff_t>(at), std::move(made));
      if (at < front_end()) ++front_;
      else if (at < back_end()) ++folded_;
    }
    if (at < front_end()) {
      for (size_t i = begin_; i < at; ++i) kept.add(record, cells_[i].value);
    } else if (at < back_end()) {
      kept.add(record, *back_);
    }
  }

  /// Prefetches what a window that fires will read.
  void prefetch() const {
    if (empty()) return;
    __builtin_prefetch(&cells_[begin_]);
    __builtin_prefetch(&cells_.back());
  }

  /// Adds a pane that is later than all others.
  void append(int64_t pane, Stored value) { cells_.push_back({pane, std::move(value)}); }

  /// Forgets the panes before this one.
  template <class Kept>
  void forget_before(const Kept& kept, int64_t pane) {
    for (; front_ > 0 && first() < pane; --front_) ++begin_;
    if (front_ == 0 && !empty() && first() < pane) {
      for (; !empty() && first() < pane; folded_ -= folded_ > 0 ? 1 : 0) ++begin_;
      turn(kept);
    }
    if (begin_ * 2 >= cells_.size()) {
      cells_.erase(cells_.begin(), cells_.begin() + static_cast<ptrdiff_t>(begin_));
      begin_ = 0;
    }
  }

  /// The value of all panes up to this one, or nothing if there is none.
  template <class Kept>
  std::optional<Stored> value_up_to(const Kept& kept, int64_t pane) {
    for (size_t i = back_end(); i < cells_.size() && cells_[i].pane <= pane; ++i, ++folded_) {
      if (back_) kept.merge(cells_[i].value, *back_);
      else back_ = cells_[i].value;
    }
    if (front_ == 0) return back_;
    std::optional<Stored> value = cells_[begin_].value;
    if (back_) kept.merge(*back_, *value);
    return value;
  }

  struct Cell {
    int64_t pane = 0;
    Stored value;
  };

 private:
  template <class>
  friend struct weir::Serializer;

  size_t front_end() const { return begin_ + front_; }
  size_t back_end() const { return begin_ + front_ + folded_; }

  /// Makes a front of the panes that are in `back`.
  template <class Kept>
  void turn(const Kept& kept) {
    back_.reset();
    front_ = std::exchange(folded_, 0);
    for (size_t i = front_end(); i-- > begin_ + 1;) {
      kept.merge(cells_[i].value, cells_[i - 1].value);
    }
  }

  std::vector<Cell> cells_;
  size_t begin_ = 0;   ///< the cells before this one are forgotten
  size_t front_ = 0;   ///< number of cells in the front
  size_t folded_ = 0;  ///< number of cells after them that `back_` includes
  std::optional<Stored> back_;
  int64_t done_ = INT64_MIN;
};

}  // namespace weir::detail

namespace weir {

/// i64 done, i32 front, i32 folded, optional back, list of (i64 pane, value); see
/// docs/formats/keyed_state.md.
template <class Stored>
struct Serializer<detail::PanesOfKey<Stored>> {
  using Panes = detail::PanesOfKey<Stored>;
  static constexpr size_t kMinBytes = 24;
  static void write(BinaryWriter& out, const Panes& panes) { write(out, panes, 0, nullptr); }
  /// `open`: the value of a pane that is later than all others, or null.
  static void write(BinaryWriter& out, const Panes& panes, int64_t open_pane, const Stored* open) {
    out.put_i64(panes.done_);
    out.put_i32(static_cast<int32_t>(panes.front_));
    out.put_i32(static_cast<int32_t>(panes.folded_));
    Serializer<std::optional<Stored>>::write(out, panes.back_);
    out.put_count(panes.size() + (open != nullptr ? 1 : 0));
    for (size_t i = panes.begin_; i < panes.cells_.size(); ++i) {
      out.put_i64(panes.cells_[i].pane);
      Serializer<Stored>::write(out, panes.cells_[i].value);
    }
    if (open == nullptr) return;
    out.put_i64(open_pane);
    Serializer<Stored>::write(out, *open);
  }
  static void read(BinaryReader& in, Panes& panes) {
    panes = {};
    panes.done_ = in.get_i64();
    const int32_t front = in.get_i32(), folded = in.get_i32();
    Serializer<std::optional<Stored>>::read(in, panes.back_);
    const size_t count = in.get_count(sizeof(int64_t) + detail::min_bytes<Stored>());
    for (size_t i = 0; i < count && in.ok(); ++i) {
      auto& cell = panes.cells_.emplace_back();
      cell.pane = in.get_i64();
      Serializer<Stored>::read(in, cell.value);
      if (i > 0 && panes.cells_[i - 1].pane >= cell.pane) in.fail("panes that are not in order");
    }
    panes.front_ = static_cast<size_t>(front);
    panes.folded_ = static_cast<size_t>(folded);
    if (in.ok() && (count == 0 || front < 0 || folded < 0 || panes.back_end() > count ||
                    (folded > 0) != panes.back_.has_value()))
      in.fail("panes whose numbers contradict each other");
  }
  static TypeDescription describe() {
    return Serializer<std::tuple<int64_t, int32_t, int32_t, std::optional<Stored>,
                                 std::vector<std::pair<int64_t, Stored>>>>::describe();
  }
};

}  // namespace weir
