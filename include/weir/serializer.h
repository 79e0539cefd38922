#pragma once

// The contract. What weir itself can serialize stands in weir/types.h.

#include <concepts>
#include <cstdint>

#include "weir/bytes.h"
#include "weir/type_description.h"

namespace weir {

/// How values of T become bytes: in snapshots, on the wire, in keys. Specialise it for a type of your own:
///
///   template <> struct weir::Serializer<Money> {
///     static void write(BinaryWriter& out, const Money& value);
///     static void read(BinaryReader& in, Money& value);     // on malformed bytes call in.fail("…")
///     static TypeDescription describe();                    // kind kUser, a name, a version
///     static int32_t hash(const Money& value);              // only for keys; stable for ever
///   };
///
/// The layout of weir's own specialisations is that of Flink's serializers for the same type (docs/formats/types.md). hash() is Java's
/// hashCode() of the corresponding Flink value, so that a key belongs to the same key group in both systems.
template <class T>
struct Serializer;

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
