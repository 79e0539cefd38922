#pragma once

// Arithmetic on times that saturates at the limits of int64_t. Timestamps of records, timers and
// durations can be any int64_t, so use these for sums and changes of unit.

#include <chrono>
#include <cstdint>
#include <limits>
#include <ratio>
#include <type_traits>

namespace weir::detail {

constexpr int64_t saturating_add(int64_t a, int64_t b) {
  int64_t sum = 0;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return b < 0 ? std::numeric_limits<int64_t>::min() : std::numeric_limits<int64_t>::max();
}

constexpr int64_t saturating_sub(int64_t a, int64_t b) {
  int64_t difference = 0;
  if (!__builtin_sub_overflow(a, b, &difference)) return difference;
  return b < 0 ? std::numeric_limits<int64_t>::max() : std::numeric_limits<int64_t>::min();
}

/// Converts a duration to another unit, rounded down. A duration out of range becomes the nearest
/// limit. NaN becomes zero.
template <class To, class Rep, class Period>
constexpr To saturating_cast(std::chrono::duration<Rep, Period> from) {
  static_assert(std::is_integral_v<typename To::rep>);
  using Factor = std::ratio_divide<Period, typename To::period>;
  if constexpr (std::is_floating_point_v<Rep>) {
    const long double value = static_cast<long double>(from.count()) * Factor::num / Factor::den;
    if (value != value) return To::zero();
    if (value >= static_cast<long double>(To::max().count())) return To::max();
    if (value <= static_cast<long double>(To::min().count())) return To::min();
    const auto whole = static_cast<typename To::rep>(value);
    return To(static_cast<long double>(whole) > value ? whole - 1 : whole);
  } else {
    __extension__ using Wide = __int128;
    const Wide scaled = static_cast<Wide>(from.count()) * Factor::num;
    const Wide value = scaled / Factor::den - (scaled % Factor::den < 0 ? 1 : 0);
    if (value > To::max().count()) return To::max();
    if (value < To::min().count()) return To::min();
    return To(static_cast<typename To::rep>(value));
  }
}

}  // namespace weir::detail
