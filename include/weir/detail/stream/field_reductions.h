#pragma once

#include <concepts>
#include <type_traits>

namespace weir::detail {

/// Orders numbers as Flink does: NaN is larger than all others.
template <class V>
bool is_less(const V& a, const V& b) {
  if constexpr (std::floating_point<V>) return a < b || (b != b && a == a);
  else return a < b;
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
