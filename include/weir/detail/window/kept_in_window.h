#pragma once

// How the records of one key in one window are stored: `Stored` is made from the first record and
// updated by the others. merge(from, into) adds the records of a later part of the window.

#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "weir/detail/state/keyed_backend.h"
#include "weir/function/functions.h"

namespace weir::detail {

template <class T, class A>
struct AggregateInWindow {
  static_assert(
      AggregateFunction<A, T>,
      "an aggregate function has Accumulator, create_accumulator(), add(record, accumulator) and "
      "get_result(accumulator), all const (weir/function/functions.h)");
  using Stored = typename A::Accumulator;
  using Serialized = Stored;
  using Entries = ValueEntries<Stored>;
  static constexpr auto kKind = KeyedStateInfo::Kind::kAggregating;
  A function;
  Stored first(const T& record) const {
    Stored accumulator = function.create_accumulator();
    function.add(record, accumulator);
    return accumulator;
  }
  /// The value of no records.
  std::optional<Stored> nothing() const { return function.create_accumulator(); }
  void add(const T& record, Stored& stored) const { function.add(record, stored); }
  void merge(const Stored& from, Stored& into) const requires MergeableAggregateFunction<A> {
    function.merge(from, into);
  }
  auto result(const Stored& stored) const { return function.get_result(stored); }
};

template <class T, class F>
struct ReduceInWindow {
  using Stored = T;
  using Serialized = T;
  using Entries = ValueEntries<T>;
  static constexpr auto kKind = KeyedStateInfo::Kind::kReducing;
  F function;
  T first(const T& record) const { return record; }
  std::optional<T> nothing() const { return std::nullopt; }
  void add(const T& record, T& stored) const {
    stored = std::invoke(function, std::move(stored), record);
  }
  void merge(const T& from, T& into) const { add(from, into); }
  const T& result(const T& stored) const { return stored; }
};

/// Makes one list of two. Appends the shorter one to the longer one, so that lists which merge
/// again and again cost little. `from` is of no use afterwards.
template <class T>
void append_smaller(CowBox<std::vector<T>>& from, CowBox<std::vector<T>>& into) {
  if (from.read().size() > into.read().size()) std::swap(from, into);
  const std::vector<T>& more = from.read();
  std::vector<T>& all = into.write();
  all.insert(all.end(), more.begin(), more.end());
}

template <class T>
struct ListInWindow {
  using Stored = CowBox<std::vector<T>>;
  using Serialized = T;
  using Entries = ListEntries<T>;
  static constexpr auto kKind = KeyedStateInfo::Kind::kList;
  Stored first(const T& record) const { return Stored(std::vector<T>{record}); }
  std::optional<Stored> nothing() const { return Stored(); }
  void add(const T& record, Stored& stored) const { stored.write().push_back(record); }
  void merge(Stored& from, Stored& into) const { append_smaller(from, into); }
  const std::vector<T>& elements(const Stored& stored) const { return stored.read(); }
};

/// Whether the contents of two parts of a window can become those of one.
template <class Kept>
inline constexpr bool kMerges =
    requires(const Kept& kept, typename Kept::Stored& stored) { kept.merge(stored, stored); };

}  // namespace weir::detail
