#pragma once

// Types that weir can keep in state, use as keys and send, without any code from you:
//   integers, bool, float, double, std::string, enums, std::chrono durations and time points,
//   std::optional, variant, pair, tuple, array, vector, map, unordered_map, set, unordered_set of
//   these, std::vector<uint8_t> and std::vector<std::byte> as plain bytes, and structs that list
//   their fields with WEIR_FIELDS (weir/types/fields.h).
// For other types: specialize weir::UserSerializer (weir/types/serializer.h).

#include "weir/detail/types/serialize_containers.h"
#include "weir/detail/types/serialize_scalars.h"
#include "weir/detail/types/serialize_wrapped.h"
#include "weir/types/fields.h"
#include "weir/types/serializer.h"

namespace weir::detail {

/// Call it where a user's type first enters weir. The compiler then names the missing part instead
/// of a page of template errors.
template <class T>
constexpr void require_serializable() {
  static_assert(
      Serializable<T>,
      "weir cannot serialize T: list its fields with WEIR_FIELDS(T, ...) "
      "(weir/types/fields.h), or specialise "
      "weir::UserSerializer<T> (weir/types/serializer.h); a part of T without a serializer is "
      "enough for this");
  static_assert(std::is_default_constructible_v<T>,
                "weir reads a T into a default one: give T a default constructor");
}

template <class T>
constexpr void require_key() {
  require_serializable<T>();
  static_assert(
      SerializableKey<T>,
      "T cannot be a key: it needs operator==, and a hash() in its UserSerializer if it has one");
}

}  // namespace weir::detail
