#pragma once

// Serializers of the standard library's containers and sums. Included by weir/types/types.h.

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include "weir/detail/types/serialize_scalars.h"
#include "weir/detail/types/serialize_wrapped.h"
#include "weir/types/fields.h"

namespace weir {

namespace detail {

inline TypeDescription describe_fields(TypeKind kind, std::vector<TypeDescription> children) {
  TypeDescription type;
  type.kind = kind;
  type.children = std::move(children);
  return type;
}

template <class T>
concept ByteLike = std::is_same_v<T, uint8_t> || std::is_same_v<T, std::byte>;

/// i32 count, then the elements: Flink's ListSerializer.
template <class Range, class T>
void write_list(BinaryWriter& out, const Range& values) {
  out.put_count(values.size());
  for (const T& value : values) Serializer<T>::write(out, value);
}
/// java.util.List.hashCode.
template <class Range, class T>
int32_t hash_list(const Range& values) {
  int32_t hash = 1;
  for (const T& value : values) hash = java_hash_step(hash, Serializer<T>::hash(value));
  return hash;
}

/// Writes an i32 count and the entries in the order of their key bytes, so that equal containers
/// have equal bytes.
template <class Range, class WriteKey, class WriteRest>
void write_sorted(BinaryWriter& out, const Range& entries, WriteKey write_key,
                  WriteRest write_rest) {
  struct Span {
    size_t begin, key_end, end;
  };
  BinaryWriter scratch;
  std::vector<Span> spans;
  spans.reserve(entries.size());
  for (const auto& entry : entries) {
    Span span{scratch.size(), 0, 0};
    write_key(scratch, entry);
    span.key_end = scratch.size();
    write_rest(scratch, entry);
    span.end = scratch.size();
    spans.push_back(span);
  }
  const std::string_view bytes = scratch.buffer();
  std::sort(spans.begin(), spans.end(), [&](const Span& a, const Span& b) {
    return bytes.substr(a.begin, a.key_end - a.begin) < bytes.substr(b.begin, b.key_end - b.begin);
  });
  out.put_count(spans.size());
  for (const Span& span : spans) out.put_raw(bytes.substr(span.begin, span.end - span.begin));
}

template <class Map, class K, class V>
struct MapSerializer {
  static constexpr size_t kMinBytes = 4;
  static void write(BinaryWriter& out, const Map& map) {
    write_sorted(
        out, map, [](BinaryWriter& o, const auto& entry) { Serializer<K>::write(o, entry.first); },
        [](BinaryWriter& o, const auto& entry) {
          o.put_bool(false);
          Serializer<V>::write(o, entry.second);
        });
  }
  static void read(BinaryReader& in, Map& map) {
    map.clear();
    const size_t count = in.get_count(min_bytes<K>() + 1);
    for (size_t i = 0; i < count && in.ok(); ++i) {
      K key{};
      Serializer<K>::read(in, key);
      if (in.get_bool()) return in.fail("a map with a null value");
      V value{};
      Serializer<V>::read(in, value);
      if (in.ok() && !map.emplace(std::move(key), std::move(value)).second)
        in.fail("a map with the same key twice");
    }
  }
  static TypeDescription describe() {
    return describe_fields(TypeKind::kMap, {Serializer<K>::describe(), Serializer<V>::describe()});
  }
  /// java.util.Map.hashCode.
  static int32_t hash(const Map& map) requires(SerializableKey<K> && SerializableKey<V>) {
    uint32_t hash = 0;
    for (const auto& [key, value] : map)
      hash += static_cast<uint32_t>(Serializer<K>::hash(key) ^ Serializer<V>::hash(value));
    return static_cast<int32_t>(hash);
  }
};

template <class Set, class T>
struct SetSerializer {
  static constexpr size_t kMinBytes = 4;
  static void write(BinaryWriter& out, const Set& set) {
    write_sorted(
        out, set, [](BinaryWriter& o, const T& value) { Serializer<T>::write(o, value); },
        [](BinaryWriter&, const T&) {});
  }
  static void read(BinaryReader& in, Set& set) {
    set.clear();
    const size_t count = in.get_count(min_bytes<T>());
    for (size_t i = 0; i < count && in.ok(); ++i) {
      T value{};
      Serializer<T>::read(in, value);
      if (in.ok() && !set.insert(std::move(value)).second)
        in.fail("a set with the same element twice");
    }
  }
  static TypeDescription describe() {
    return describe_nested(TypeKind::kSet, "", Serializer<T>::describe());
  }
};

}  // namespace detail

template <Serializable T, class A>
requires(!detail::ByteLike<T>) struct Serializer<std::vector<T, A>> {
  static constexpr size_t kMinBytes = 4;
  static void write(BinaryWriter& out, const std::vector<T, A>& values) {
    detail::write_list<std::vector<T, A>, T>(out, values);
  }
  static void read(BinaryReader& in, std::vector<T, A>& values) {
    values.clear();
    const size_t count = in.get_count(detail::min_bytes<T>());
    values.reserve(count);
    for (size_t i = 0; i < count && in.ok(); ++i) {
      T value{};
      Serializer<T>::read(in, value);
      values.push_back(std::move(value));
    }
  }
  static TypeDescription describe() {
    return detail::describe_nested(TypeKind::kList, "", Serializer<T>::describe());
  }
  static int32_t hash(const std::vector<T, A>& values) requires SerializableKey<T> {
    return detail::hash_list<std::vector<T, A>, T>(values);
  }
};

template <detail::ByteLike B, class A>
struct Serializer<std::vector<B, A>> {
  static constexpr size_t kMinBytes = 4;
  static void write(BinaryWriter& out, const std::vector<B, A>& bytes) {
    out.put_bytes({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
  static void read(BinaryReader& in, std::vector<B, A>& bytes) {
    const std::string_view raw = in.get_bytes();
    const auto* begin = reinterpret_cast<const B*>(raw.data());
    bytes.assign(begin, begin + raw.size());
  }
  static TypeDescription describe() { return detail::describe_plain(TypeKind::kBytes); }
  /// java.util.Arrays.hashCode. (A byte[] itself has no stable hash in Java, and Flink does not
  /// allow it for keys.)
  static int32_t hash(const std::vector<B, A>& bytes) {
    int32_t hash = 1;
    for (const B byte : bytes) hash = detail::java_hash_step(hash, static_cast<int8_t>(byte));
    return hash;
  }
};

template <Serializable T, size_t N>
struct Serializer<std::array<T, N>> {
  static constexpr size_t kMinBytes = 4;
  static void write(BinaryWriter& out, const std::array<T, N>& values) {
    detail::write_list<std::array<T, N>, T>(out, values);
  }
  static void read(BinaryReader& in, std::array<T, N>& values) {
    if (in.get_i32() != static_cast<int32_t>(N))
      return in.fail("an array with another number of elements");
    for (T& value : values) Serializer<T>::read(in, value);
  }
  static TypeDescription describe() {
    TypeDescription type = detail::describe_nested(TypeKind::kArray, "", Serializer<T>::describe());
    type.fixed_size = static_cast<int64_t>(N);
    return type;
  }
  static int32_t hash(const std::array<T, N>& values) requires SerializableKey<T> {
    return detail::hash_list<std::array<T, N>, T>(values);
  }
};

/// Encoded as a list of zero or one element.
template <Serializable T>
struct Serializer<std::optional<T>> {
  static constexpr size_t kMinBytes = 4;
  static void write(BinaryWriter& out, const std::optional<T>& v) {
    out.put_i32(v ? 1 : 0);
    if (v) Serializer<T>::write(out, *v);
  }
  static void read(BinaryReader& in, std::optional<T>& v) {
    const int32_t count = in.get_i32();
    if (count == 1) {
      Serializer<T>::read(in, v.emplace());
    } else {
      v.reset();
      if (count != 0) in.fail("an optional value that is not there once or not at all");
    }
  }
  static TypeDescription describe() {
    return detail::describe_nested(TypeKind::kOptional, "", Serializer<T>::describe());
  }
  static int32_t hash(const std::optional<T>& v) requires SerializableKey<T> {
    return v ? detail::java_hash_step(1, Serializer<T>::hash(*v)) : 1;
  }
};

/// The i32 index of the alternative, then its bytes with their length before them: Tuple2<Integer,
/// byte[]>.
template <Serializable... T>
struct Serializer<std::variant<T...>> {
  using Variant = std::variant<T...>;
  static constexpr size_t kMinBytes = 8;
  static void write(BinaryWriter& out, const Variant& v) {
    out.put_i32(static_cast<int32_t>(v.index()));
    detail::write_with_length(out, [&](BinaryWriter& o) {
      std::visit(
          [&](const auto& value) {
            Serializer<std::remove_cvref_t<decltype(value)>>::write(o, value);
          },
          v);
    });
  }
  static void read(BinaryReader& in, Variant& v) {
    const int32_t index = in.get_i32();
    if (index < 0 || index >= static_cast<int32_t>(sizeof...(T)))
      return in.fail("an alternative that the variant does not have");
    detail::read_with_length(in, [&](BinaryReader& i) {
      read_alternative(i, v, index, std::index_sequence_for<T...>());
    });
  }
  static TypeDescription describe() {
    return detail::describe_fields(TypeKind::kVariant, {Serializer<T>::describe()...});
  }
  static int32_t hash(const Variant& v) requires(SerializableKey<T> && ...) {
    return detail::java_hash_step(
        static_cast<int32_t>(v.index()),
        std::visit(
            [](const auto& value) {
              return Serializer<std::remove_cvref_t<decltype(value)>>::hash(value);
            },
            v));
  }

 private:
  template <size_t... I>
  static void read_alternative(BinaryReader& in, Variant& v, int32_t index,
                               std::index_sequence<I...>) {
    const auto read_as = [&]<size_t J>(std::integral_constant<size_t, J>) {
      Serializer<std::variant_alternative_t<J, Variant>>::read(in, v.template emplace<J>());
    };
    ((static_cast<int32_t>(I) == index ? read_as(std::integral_constant<size_t, I>()) : void()),
     ...);
  }
};

template <Serializable... T>
struct Serializer<std::tuple<T...>> {
  using Fields = detail::TieSerializer<std::tuple<T...>>;
  static constexpr size_t kMinBytes = Fields::kMinBytes;
  static void write(BinaryWriter& out, const std::tuple<T...>& v) { Fields::write(out, v); }
  static void read(BinaryReader& in, std::tuple<T...>& v) { Fields::read(in, v); }
  static TypeDescription describe() {
    return detail::describe_fields(TypeKind::kTuple, Fields::describe());
  }
  static int32_t hash(const std::tuple<T...>& v) requires(SerializableKey<T> && ...) {
    return Fields::hash(v);
  }
};

template <Serializable A, Serializable B>
struct Serializer<std::pair<A, B>> {
  using Fields = detail::TieSerializer<std::tuple<A, B>>;
  static constexpr size_t kMinBytes = Fields::kMinBytes;
  static void write(BinaryWriter& out, const std::pair<A, B>& v) { Fields::write(out, v); }
  static void read(BinaryReader& in, std::pair<A, B>& v) { Fields::read(in, v); }
  static TypeDescription describe() {
    return detail::describe_fields(TypeKind::kTuple, Fields::describe());
  }
  static int32_t hash(const std::pair<A, B>& v) requires(SerializableKey<A> && SerializableKey<B>) {
    return Fields::hash(v);
  }
};

/// The empty alternative of a variant: a tuple without fields.
template <>
struct Serializer<std::monostate> {
  static constexpr size_t kMinBytes = 4;
  static void write(BinaryWriter& out, std::monostate) { out.put_i32(0); }
  static void read(BinaryReader& in, std::monostate&) {
    if (in.get_i32() != 0) in.fail("bytes where there should be nothing");
  }
  static TypeDescription describe() { return detail::describe_fields(TypeKind::kTuple, {}); }
  static int32_t hash(std::monostate) { return 0; }
};

template <Serializable K, Serializable V, class C, class A>
struct Serializer<std::map<K, V, C, A>> : detail::MapSerializer<std::map<K, V, C, A>, K, V> {};
template <Serializable K, Serializable V, class H, class E, class A>
struct Serializer<std::unordered_map<K, V, H, E, A>>
    : detail::MapSerializer<std::unordered_map<K, V, H, E, A>, K, V> {};
template <Serializable T, class C, class A>
struct Serializer<std::set<T, C, A>> : detail::SetSerializer<std::set<T, C, A>, T> {};
template <Serializable T, class H, class E, class A>
struct Serializer<std::unordered_set<T, H, E, A>>
    : detail::SetSerializer<std::unordered_set<T, H, E, A>, T> {};

}  // namespace weir
