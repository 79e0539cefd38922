#pragma once

// Values with a length before them, which Flink reads as byte[]. Included by weir/types/types.h.

#include <concepts>
#include <cstdint>

#include "weir/types/migration.h"
#include "weir/types/serializer.h"

namespace weir {

namespace detail {

template <class T>
inline constexpr TypeEvolution kUserTypeEvolution{nullptr, nullptr, &migrations_of<T>};

/// Writes an i32 length and the output of `write(out)`.
template <class Write>
void write_with_length(BinaryWriter& out, Write&& write) {
  const size_t at = out.size();
  out.put_i32(0);
  write(out);
  out.close_length(at);
}

/// Reads an i32 length and passes exactly these bytes to `read(in)`, which must read all of them.
template <class Read>
void read_with_length(BinaryReader& in, Read&& read) {
  BinaryReader inner(in.get_bytes());
  if (!in.ok()) return;
  read(inner);
  inner.expect_end();
  if (!inner.ok()) in.fail("a value that is malformed inside its length");
}

}  // namespace detail

/// Types with a UserSerializer: the length, then its bytes.
template <class T>
requires requires(BinaryWriter& out, BinaryReader& in, const T& c, T& m) {
  UserSerializer<T>::write(out, c);
  UserSerializer<T>::read(in, m);
  { UserSerializer<T>::describe() } -> std::same_as<TypeDescription>;
} struct Serializer<T> {
  static constexpr size_t kMinBytes = 4;
  static void write(BinaryWriter& out, const T& v) {
    detail::write_with_length(out, [&](BinaryWriter& o) { UserSerializer<T>::write(o, v); });
  }
  static void read(BinaryReader& in, T& v) {
    detail::read_with_length(in, [&](BinaryReader& i) { UserSerializer<T>::read(i, v); });
  }
  static TypeDescription describe() {
    TypeDescription type = UserSerializer<T>::describe();
    type.kind = TypeKind::kUser;
    type.evolution = &detail::kUserTypeEvolution<T>;
    return type;
  }
  static int32_t hash(const T& v) requires requires {
    { UserSerializer<T>::hash(v) } -> std::same_as<int32_t>;
  } {
    return UserSerializer<T>::hash(v);
  }
};

}  // namespace weir
