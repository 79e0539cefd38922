#pragma once

// When two keys are the same, and their order, in tables, timers and map states.
//
// Two keys are the same if Serializer<K> writes the same bytes for both. So a key is the same
// before and after a restore, in Flink, and inside an optional, a list, a tuple, a struct, a
// variant or a map. A user's operator== does not matter. Floating-point numbers are written as in
// java.io.DataOutput: all NaNs are the same, and 0.0 differs from -0.0.

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "weir/types/fields.h"
#include "weir/types/serializer.h"

namespace weir::detail {

template <template <class...> class Template, class T>
inline constexpr bool kIs = false;
template <template <class...> class Template, class... A>
inline constexpr bool kIs<Template, Template<A...>> = true;

template <class T>
inline constexpr bool kIsDuration = false;
template <class R, class P>
inline constexpr bool kIsDuration<std::chrono::duration<R, P>> = true;
template <class T>
inline constexpr bool kIsTimePoint = kIs<std::chrono::time_point, T>;
template <class T>
inline constexpr bool kIsTuple = kIs<std::tuple, T> || kIs<std::pair, T>;
template <class T>
inline constexpr bool kIsSequence = kIs<std::vector, T>;
template <class T, size_t N>
inline constexpr bool kIsSequence<std::array<T, N>> = true;
template <class T>
inline constexpr bool kIsMap = requires { typename T::mapped_type; };

template <class T>
concept HasFields = FieldsInside<T> || FieldsOutside<T>;
/// References to the fields of a struct.
template <HasFields T>
auto fields_of(const T& value) {
  if constexpr (FieldsInside<T>) {
    return value.weir_tie();
  } else {
    return weir_tie(value);
  }
}

/// Java's doubleToLongBits. For a float, that of the double with the same value.
template <class T>
uint64_t float_bits(T value) {
  if (std::isnan(value)) return 0x7FF8000000000000u;
  return std::bit_cast<uint64_t>(static_cast<double>(value));
}

/// Whether the key contains a floating-point number, which operator< does not order totally. Types
/// with a UserSerializer define this themselves.
template <class K>
constexpr bool holds_float() {
  if constexpr (std::is_floating_point_v<K>) {
    return true;
  } else if constexpr (kIsDuration<K>) {
    return std::is_floating_point_v<typename K::rep>;
  } else if constexpr (kIsTimePoint<K>) {
    return holds_float<typename K::duration>();
  } else if constexpr (kIsMap<K>) {
    return holds_float<typename K::key_type>() || holds_float<typename K::mapped_type>();
  } else if constexpr (kIs<std::optional, K> || kIsSequence<K>) {
    return holds_float<typename K::value_type>();
  } else if constexpr (kIs<std::variant, K>) {
    return []<class... T>(std::type_identity<std::variant<T...>>) {
      return (holds_float<T>() || ...);
    }(std::type_identity<K>());
  } else if constexpr (kIs<std::pair, K>) {
    return holds_float<std::remove_cvref_t<typename K::first_type>>() ||
           holds_float<std::remove_cvref_t<typename K::second_type>>();
  } else if constexpr (kIs<std::tuple, K>) {
    return []<class... T>(std::type_identity<std::tuple<T...>>) {
      return (holds_float<std::remove_cvref_t<T>>() || ...);
    }(std::type_identity<K>());
  } else if constexpr (HasFields<K>) {
    return holds_float<decltype(fields_of(std::declval<const K&>()))>();
  } else {
    return false;
  }
}

template <class K>
std::string bytes_of(const K& key) {
  BinaryWriter out;
  Serializer<K>::write(out, key);
  return out.take();
}

template <class K>
bool same_key(const K& a, const K& b) {
  if constexpr (std::is_floating_point_v<K>) {
    return float_bits(a) == float_bits(b);
  } else if constexpr (std::is_integral_v<K> || std::is_enum_v<K> ||
                       std::is_convertible_v<const K&, std::string_view>) {
    return a == b;
  } else if constexpr (kIsDuration<K>) {
    return same_key(a.count(), b.count());
  } else if constexpr (kIsTimePoint<K>) {
    return same_key(a.time_since_epoch(), b.time_since_epoch());
  } else if constexpr (kIs<std::optional, K>) {
    return a.has_value() == b.has_value() && (!a.has_value() || same_key(*a, *b));
  } else if constexpr (kIsSequence<K>) {
    using T = typename K::value_type;
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](const T& x, const T& y) { return same_key<T>(x, y); });
  } else if constexpr (std::is_same_v<K, std::monostate>) {
    return true;
  } else if constexpr (kIs<std::variant, K>) {
    return [&]<size_t... I>(std::index_sequence<I...>) {
      return ((a.index() == I && b.index() == I && same_key(std::get<I>(a), std::get<I>(b))) ||
              ...);
    }(std::make_index_sequence<std::variant_size_v<K>>());
  } else if constexpr (kIsTuple<K>) {
    return [&]<size_t... I>(std::index_sequence<I...>) {
      return (same_key<std::remove_cvref_t<std::tuple_element_t<I, K>>>(std::get<I>(a),
                                                                        std::get<I>(b)) &&
              ...);
    }(std::make_index_sequence<std::tuple_size_v<K>>());
  } else if constexpr (HasFields<K>) {
    return same_key(fields_of(a), fields_of(b));
  } else {
    return bytes_of(a) == bytes_of(b);
  }
}

/// Returns a negative number, 0 or a positive number. A total order in which only the same keys are
/// equal. Compares numbers by value, then as Java's Double.compare: -0.0 before 0.0, NaN last. Keys
/// without floating-point numbers use operator<.
template <class K>
int compare_keys(const K& a, const K& b) {
  const auto by_less = [](const auto& x, const auto& y) { return x < y ? -1 : y < x ? 1 : 0; };
  if constexpr (!holds_float<K>()) {
    return by_less(a, b);
  } else if constexpr (std::is_floating_point_v<K>) {
    if (const int order = by_less(a, b); order != 0) return order;
    return by_less(static_cast<int64_t>(float_bits(a)), static_cast<int64_t>(float_bits(b)));
  } else if constexpr (kIsDuration<K>) {
    return compare_keys(a.count(), b.count());
  } else if constexpr (kIsTimePoint<K>) {
    return compare_keys(a.time_since_epoch(), b.time_since_epoch());
  } else if constexpr (kIs<std::optional, K>) {
    return a && b ? compare_keys(*a, *b) : by_less(a.has_value(), b.has_value());
  } else if constexpr (kIsSequence<K>) {
    for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
      if (const int order = compare_keys(a[i], b[i]); order != 0) return order;
    }
    return by_less(a.size(), b.size());
  } else if constexpr (kIs<std::variant, K>) {
    int order = by_less(a.index(), b.index());
    if (order != 0) return order;
    [&]<size_t... I>(std::index_sequence<I...>) {
      (void)((a.index() == I && (order = compare_keys(std::get<I>(a), std::get<I>(b)), true)) ||
             ...);
    }(std::make_index_sequence<std::variant_size_v<K>>());
    return order;
  } else if constexpr (kIsTuple<K>) {
    int order = 0;
    [&]<size_t... I>(std::index_sequence<I...>) {
      (void)(((order = compare_keys<std::remove_cvref_t<std::tuple_element_t<I, K>>>(
                   std::get<I>(a), std::get<I>(b))) != 0) ||
             ...);
    }(std::make_index_sequence<std::tuple_size_v<K>>());
    return order;
  } else if constexpr (HasFields<K>) {
    return compare_keys(fields_of(a), fields_of(b));
  } else {
    return bytes_of(a).compare(bytes_of(b));
  }
}

template <class K>
struct KeyLess {
  bool operator()(const K& a, const K& b) const { return compare_keys(a, b) < 0; }
};
/// The order of a map state's keys.
template <class K>
using MapKeyOrder = std::conditional_t<holds_float<K>(), KeyLess<K>, std::less<K>>;

}  // namespace weir::detail
