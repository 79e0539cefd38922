#pragma once

// How the records of one key in one window are stored: `Stored` is made from the first record and
// updated by the others.

#include <functional>
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
  void add(const T& record, Stored& stored) const { function.add(record, stored); }
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
  void add(const T& record, T& stored) const {
    stored = std::invoke(function, std::move(stored), record);
  }
  const T& result(const T& stored) const { return stored; }
};

template <class T>
struct ListInWindow {
  using Stored = CowBox<std::vector<T>>;
  using Serialized = T;
  using Entries = ListEntries<T>;
  static constexpr auto kKind = KeyedStateInfo::Kind::kList;
  Stored first(const T& record) const { return Stored(std::vector<T>{record}); }
  void add(const T& record, Stored& stored) const { stored.write().push_back(record); }
  const std::vector<T>& elements(const Stored& stored) const { return stored.read(); }
};

}  // namespace weir::detail
