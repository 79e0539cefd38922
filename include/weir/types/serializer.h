#pragma once

// The serializer contract. weir/types/types.h has the types that weir can serialize.

#include <concepts>
#include <cstdint>

#include "weir/types/bytes.h"
#include "weir/types/type_description.h"

namespace weir {

/// Converts values of T to bytes and back: in snapshots, between processes, in keys.
/// weir/types/types.h has weir's own specializations. Your own type either lists its fields
/// (weir/types/fields.h) or has a UserSerializer. The layout is that of Flink's serializers for the
/// same type (docs/formats/types.md). hash() is Java's hashCode() of the corresponding Flink value,
/// so that a key belongs to the same key group in both systems.
template <class T>
struct Serializer;

/// For types whose bytes you define yourself:
///
///   template <> struct weir::UserSerializer<Money> {
///     static void write(BinaryWriter& out, const Money& value);
///     static void read(BinaryReader& in, Money& value);  // call in.fail("…") on malformed bytes
///     static TypeDescription describe();            // kind kUser, a name; fixed_size: a version
///     static int32_t hash(const Money& value);      // only for keys; must never change
///   };
///
/// weir writes the length before these bytes; Flink sees a byte[]. read() gets exactly the bytes of
/// one write() and must read all of them.
template <class T>
struct UserSerializer;

template <class T>
concept Serializable = requires(BinaryWriter& out, BinaryReader& in, const T& c, T& m) {
  Serializer<T>::write(out, c);
  Serializer<T>::read(in, m);
  { Serializer<T>::describe() } -> std::same_as<TypeDescription>;
};

template <class T>
concept SerializableKey = Serializable<T> && requires(const T& c) {
  { Serializer<T>::hash(c) } -> std::same_as<int32_t>;
  { c == c } -> std::convertible_to<bool>;
};

}  // namespace weir
