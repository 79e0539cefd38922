#pragma once

#include <cstddef>
#include <string>
#include <tuple>
#include <type_traits>
#include <variant>

namespace weir::detail {

/// An operator that creates records emits a batch when it holds about this many bytes, even if it
/// is not full.
inline constexpr size_t kBatchBytes = 256 * 1024;

/// The approximate memory of a value. Exact for numbers, strings and structs that list their
/// fields. For a container, the first element is taken as typical. Memory behind pointers, and in
/// types that list no fields, is not counted.
template <class T>
struct HeldBytes {
  static constexpr bool kFixed = std::is_trivially_copyable_v<T>;

  static size_t of(const T& value) { return sizeof(T) + outside(value); }

  /// Bytes in separately allocated memory.
  static size_t outside([[maybe_unused]] const T& value) {
    if constexpr (kFixed) {
      return 0;
    } else if constexpr (std::is_same_v<T, std::string>) {
      return value.size();
    } else if constexpr (requires { value.weir_tie(); }) {
      return outside_of_all(value.weir_tie());
    } else if constexpr (requires { weir_tie(value); }) {
      return outside_of_all(weir_tie(value));
    } else if constexpr (requires { std::tuple_size<T>::value; }) {
      return outside_of_all(value);
    } else if constexpr (requires { value.size(), value.begin(); }) {
      return value.size() == 0 ? 0 : value.size() * bytes_of(*value.begin());
    } else if constexpr (requires { value.has_value(), *value; }) {
      return value.has_value() ? bytes_of(*value) - sizeof(*value) : 0;
    } else if constexpr (requires { value.valueless_by_exception(); }) {
      return std::visit([](const auto& v) { return bytes_of(v) - sizeof(v); }, value);
    } else {
      return 0;
    }
  }

 private:
  template <class V>
  static size_t bytes_of(const V& value) {
    return HeldBytes<V>::of(value);
  }
  template <class Tuple>
  static size_t outside_of_all(const Tuple& fields) {
    return std::apply(
        [](const auto&... f) {
          return (size_t{0} + ... + HeldBytes<std::remove_cvref_t<decltype(f)>>::outside(f));
        },
        fields);
  }
};

}  // namespace weir::detail
