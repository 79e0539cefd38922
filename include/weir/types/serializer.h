#pragma once

// The contract. What weir itself can serialize stands in weir/types/types.h.

#include <concepts>
#include <cstdint>

#include "weir/types/bytes.h"
#include "weir/types/type_description.h"

namespace weir {

/// How values of T become bytes: in snapshots, on the wire, in keys. weir's own specialisations
/// stand in weir/types/types.h; a type of your own either lists its fields (weir/types/fields.h) or
/// has a UserSerializer. The layout is that of Flink's serializers for the same type
/// (docs/formats/types.md). hash() is Java's hashCode() of the corresponding Flink value, so that a
/// key belongs to the same key group in both systems.
template <class T>
struct Serializer;

/// The way in for types whose bytes only you know:
///
///   template <> struct weir::UserSerializer<Money> {
///     static void write(BinaryWriter& out, const Money& value);
///     static void read(BinaryReader& in, Money& value);     // on malformed bytes call
///     in.fail("…") static TypeDescription describe();                    // kind kUser, a name,
///     fixed_size: a version static int32_t hash(const Money& value);              // only for
///     keys; stable for ever
///   };
///
/// weir puts the length before these bytes (Flink sees a byte[]); read() gets exactly what write()
/// wrote and must read all of it.
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
