#pragma once

#include <concepts>
#include <functional>
#include <type_traits>
#include <utility>

namespace weir::detail {

/// Orders numbers as Flink does: NaN is larger than all others.
template <class V>
bool is_less(const V& a, const V& b) {
  if constexpr (std::floating_point<V>) return a < b || (b != b && a == a);
  else return a < b;
}

/// True if records can be compared by what the selector, a pointer to member or a function,
/// returns.
template <class T, class Selector>
inline constexpr bool kOrders = false;
template <class T, class Selector>
requires std::is_invocable_v<Selector&, const T&> inline constexpr bool kOrders<T, Selector> =
    requires(std::invoke_result_t<Selector&, const T&> value) {
      { value < value } -> std::convertible_to<bool>;
    };

/// The reduction to the record with the least value. `first`: of equal ones the first, otherwise
/// the last.
template <class T, class Selector>
auto min_by_of(Selector selector, bool first) {
  return [selector = std::move(selector), first](T so_far, const T& record) {
    const auto& best = std::invoke(selector, std::as_const(so_far));
    const auto& value = std::invoke(selector, record);
    const bool takes = is_less(value, best) || (!first && !is_less(best, value));
    return takes ? record : so_far;
  };
}
/// The same with the greatest value.
template <class T, class Selector>
auto max_by_of(Selector selector, bool first) {
  return [selector = std::move(selector), first](T so_far, const T& record) {
    const auto& best = std::invoke(selector, std::as_const(so_far));
    const auto& value = std::invoke(selector, record);
    const bool takes = is_less(best, value) || (!first && !is_less(value, best));
    return takes ? record : so_far;
  };
}

// Reductions of one member of a record. The other members are those of the first record.

template <class T, class V, class Record>
auto sum_of(V Record::* member) {
  return [member](T so_far, const T& record) {
    so_far.*member += record.*member;
    return so_far;
  };
}

template <class T, class V, class Record>
auto min_of(V Record::* member) {
  return [member](T so_far, const T& record) {
    if (is_less(record.*member, so_far.*member)) so_far.*member = record.*member;
    return so_far;
  };
}

template <class T, class V, class Record>
auto max_of(V Record::* member) {
  return [member](T so_far, const T& record) {
    if (is_less(so_far.*member, record.*member)) so_far.*member = record.*member;
    return so_far;
  };
}

}  // namespace weir::detail
