#pragma once

// JsonCodec of the standard library's containers and sums. Included by weir/format/json_format.h.

#include <algorithm>
#include <array>
#include <charconv>
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

#include "weir/detail/format/json_codecs.h"

namespace weir {

namespace detail {

void append_base64(std::string& out, std::string_view bytes);
/// Returns false if `text` is not base64 with its padding.
bool decode_base64(std::string_view text, std::string& bytes);

/// Calls `read(element)` for each element of an array. `read` returns false after a failure.
template <class T, class Add>
bool read_json_elements(JsonReader& in, Add add) {
  if (!in.begin_array()) return false;
  for (size_t i = 0; in.next_element(); ++i) {
    T element{};
    if (!JsonCodec<T>::read(in, element) || !add(std::move(element))) return in.in_element(i);
  }
  return in.ok();
}

template <class T, class Range>
bool write_json_elements(JsonWriter& out, const Range& elements) {
  out.raw('[');
  size_t i = 0;
  for (const T& element : elements) {
    if (i > 0) out.raw(',');
    if (!JsonCodec<T>::write(out, element)) return out.in_element(i);
    ++i;
  }
  out.raw(']');
  return true;
}

/// Pointers to the elements of an unordered container in an order that depends on their values
/// alone.
template <class Range, class Less>
auto sorted_elements(const Range& elements, Less less) {
  std::vector<const typename Range::value_type*> sorted;
  sorted.reserve(elements.size());
  for (const auto& element : elements) sorted.push_back(&element);
  std::sort(sorted.begin(), sorted.end(),
            [&](const auto* a, const auto* b) { return less(*a, *b); });
  return sorted;
}

template <class T>
std::string key_bytes(const T& value) {
  BinaryWriter out;
  Serializer<T>::write(out, value);
  return out.take();
}

template <class Set, class T>
struct JsonSetCodec {
  static bool read(JsonReader& in, Set& set) {
    return read_json_elements<T>(in, [&](T&& element) {
      return set.insert(std::move(element)).second || in.fail("a set has the same element twice");
    });
  }
  static bool write(JsonWriter& out, const Set& set) {
    if constexpr (requires { typename Set::hasher; }) {
      const auto sorted =
          sorted_elements(set, [](const T& a, const T& b) { return key_bytes(a) < key_bytes(b); });
      out.raw('[');
      for (size_t i = 0; i < sorted.size(); ++i) {
        if (i > 0) out.raw(',');
        if (!JsonCodec<T>::write(out, *sorted[i])) return out.in_element(i);
      }
      out.raw(']');
      return true;
    } else {
      return write_json_elements<T>(out, set);
    }
  }
};

template <class K>
concept JsonNumberKey = Integer<K> || (std::is_enum_v<K> && !std::is_same_v<K, std::byte>);
template <class K>
concept JsonKey = std::is_same_v<K, std::string> || JsonNumberKey<K>;

/// A key of an object as a K.
template <JsonKey K>
bool parse_json_key(std::string_view text, K& key) {
  if constexpr (std::is_same_v<K, std::string>) {
    key = text;
    return true;
  } else {
    using Number = typename std::conditional_t<std::is_enum_v<K>, std::underlying_type<K>,
                                               std::type_identity<K>>::type;
    // from_chars would read a char as a number too, but not an int8_t on every platform.
    std::conditional_t<std::is_signed_v<Number>, int64_t, uint64_t> wide = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), wide);
    if (error != std::errc() || end != text.data() + text.size() || !std::in_range<Number>(wide))
      return false;
    key = static_cast<K>(wide);
    return true;
  }
}

template <class Map, class K, class V>
struct JsonMapCodec {
  static bool read(JsonReader& in, Map& map) {
    if constexpr (JsonKey<K>) {
      if (!in.begin_object()) return false;
      for (std::string_view text; in.next_key(text);) {
        K key{};
        if (!parse_json_key(text, key))
          return in.fail("the key '" + std::string(text) + "' is no number that fits");
        V value{};
        if (!JsonCodec<V>::read(in, value)) return in.in_field(text);
        if (!map.emplace(std::move(key), std::move(value)).second)
          return fail_repeated_json_field(in, text);
      }
      return in.ok();
    } else {
      return read_json_elements<std::pair<K, V>>(in, [&](std::pair<K, V>&& entry) {
        return map.emplace(std::move(entry)).second || in.fail("a map has the same key twice");
      });
    }
  }

  static bool write(JsonWriter& out, const Map& map) {
    out.raw(JsonKey<K> ? '{' : '[');
    bool first = true;
    const auto write_entry = [&](const auto& entry) {
      if (!first) out.raw(',');
      first = false;
      return write_one(out, entry.first, entry.second);
    };
    if constexpr (requires { typename Map::hasher; }) {
      for (const auto* entry : sorted_elements(map, [](const auto& a, const auto& b) {
             return key_bytes<K>(a.first) < key_bytes<K>(b.first);
           })) {
        if (!write_entry(*entry)) return false;
      }
    } else {
      for (const auto& entry : map) {
        if (!write_entry(entry)) return false;
      }
    }
    out.raw(JsonKey<K> ? '}' : ']');
    return true;
  }

 private:
  static bool write_one(JsonWriter& out, const K& key, const V& value) {
    if constexpr (std::is_same_v<K, std::string>) {
      if (!out.text(key)) return false;
      out.raw(':');
      return JsonCodec<V>::write(out, value) || out.in_field(key);
    } else if constexpr (JsonNumberKey<K>) {
      out.raw('"');
      JsonCodec<K>::write(out, key);
      out.raw("\":");
      return JsonCodec<V>::write(out, value);
    } else {
      out.raw('[');
      if (!JsonCodec<K>::write(out, key)) return false;
      out.raw(',');
      if (!JsonCodec<V>::write(out, value)) return false;
      out.raw(']');
      return true;
    }
  }
};

template <class Tuple>
struct JsonTupleCodec {
  static constexpr size_t kCount = std::tuple_size_v<Tuple>;
  static bool read(JsonReader& in, Tuple& value) {
    if (!in.begin_array()) return false;
    size_t i = 0;
    const bool all =
        std::apply([&](auto&... part) { return (read_part(in, part, i++) && ...); }, value);
    if (!all) return false;
    return !in.next_element() ? in.ok() : fail_count(in);
  }
  static bool write(JsonWriter& out, const Tuple& value) {
    out.raw('[');
    size_t i = 0;
    const bool all =
        std::apply([&](const auto&... part) { return (write_part(out, part, i++) && ...); }, value);
    out.raw(']');
    return all;
  }

 private:
  static bool fail_count(JsonReader& in) {
    return in.fail("the array does not have " + std::to_string(kCount) + " elements");
  }
  template <class P>
  static bool read_part(JsonReader& in, P& part, size_t i) {
    if (!in.next_element()) return in.ok() ? fail_count(in) : false;
    return JsonCodec<P>::read(in, part) || in.in_element(i);
  }
  template <class P>
  static bool write_part(JsonWriter& out, const P& part, size_t i) {
    if (i > 0) out.raw(',');
    return JsonCodec<P>::write(out, part) || out.in_element(i);
  }
};

/// The names of a variant's alternatives, in order: of a struct its name, of other types their
/// description. If two are equal, the index of the alternative stands for its name.
template <class... T>
const std::array<std::string, sizeof...(T)>& json_alternative_names() {
  static const auto names = [] {
    const auto name_of = [](const TypeDescription& type) {
      return type.kind == TypeKind::kStruct ? type.name : type.to_string();
    };
    std::array<std::string, sizeof...(T)> all = {name_of(Serializer<T>::describe())...};
    std::array<std::string, sizeof...(T)> sorted = all;
    std::sort(sorted.begin(), sorted.end());
    if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end()) {
      for (size_t i = 0; i < all.size(); ++i) all[i] = std::to_string(i);
    }
    return all;
  }();
  return names;
}

}  // namespace detail

template <class T, class A>
requires(!detail::ByteLike<T>) struct JsonCodec<std::vector<T, A>> {
  static bool read(JsonReader& in, std::vector<T, A>& values) {
    return detail::read_json_elements<T>(in, [&](T&& element) {
      values.push_back(std::move(element));
      return true;
    });
  }
  static bool write(JsonWriter& out, const std::vector<T, A>& values) {
    return detail::write_json_elements<T>(out, values);
  }
};

template <detail::ByteLike B, class A>
struct JsonCodec<std::vector<B, A>> {
  static bool read(JsonReader& in, std::vector<B, A>& bytes) {
    std::string_view text;
    if (!in.read_text(text)) return false;
    std::string decoded;
    if (!detail::decode_base64(text, decoded)) return in.expected("bytes in base64");
    const auto* begin = reinterpret_cast<const B*>(decoded.data());
    bytes.assign(begin, begin + decoded.size());
    return true;
  }
  static bool write(JsonWriter& out, const std::vector<B, A>& bytes) {
    std::string text;
    detail::append_base64(text, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    return out.text(text);
  }
};

template <class T, size_t N>
struct JsonCodec<std::array<T, N>> : detail::JsonTupleCodec<std::array<T, N>> {};
template <class... T>
struct JsonCodec<std::tuple<T...>> : detail::JsonTupleCodec<std::tuple<T...>> {};
template <class A, class B>
struct JsonCodec<std::pair<A, B>> : detail::JsonTupleCodec<std::pair<A, B>> {};

template <class T>
struct JsonCodec<std::optional<T>> {
  static bool read(JsonReader& in, std::optional<T>& value) {
    if (in.take_null()) {
      value.reset();
      return true;
    }
    return JsonCodec<T>::read(in, value.emplace());
  }
  static bool write(JsonWriter& out, const std::optional<T>& value) {
    if (value) return JsonCodec<T>::write(out, *value);
    out.null();
    return true;
  }
};

template <>
struct JsonCodec<std::monostate> {
  static bool read(JsonReader& in, std::monostate&) {
    return in.take_null() || in.expected("null");
  }
  static bool write(JsonWriter& out, std::monostate) {
    out.null();
    return true;
  }
};

template <class... T>
struct JsonCodec<std::variant<T...>> {
  using Variant = std::variant<T...>;
  static bool read(JsonReader& in, Variant& value) {
    const auto& names = detail::json_alternative_names<T...>();
    std::string_view key;
    if (!in.begin_object()) return false;
    if (!in.next_key(key)) return in.ok() ? in.fail("the object names no alternative") : false;
    const size_t index = std::find(names.begin(), names.end(), key) - names.begin();
    if (index == names.size()) return in.fail("'" + std::string(key) + "' is no alternative");
    if (!read_alternative(in, value, index, std::index_sequence_for<T...>()))
      return in.in_field(names[index]);
    return !in.next_key(key) ? in.ok() : in.fail("the object names two alternatives");
  }
  static bool write(JsonWriter& out, const Variant& value) {
    if (value.valueless_by_exception()) return out.fail("a variant has no value");
    const std::string& name = detail::json_alternative_names<T...>()[value.index()];
    out.raw('{');
    if (!out.text(name)) return false;
    out.raw(':');
    const bool written = std::visit(
        [&](const auto& held) {
          return JsonCodec<std::remove_cvref_t<decltype(held)>>::write(out, held);
        },
        value);
    out.raw('}');
    return written || out.in_field(name);
  }

 private:
  template <size_t... I>
  static bool read_alternative(JsonReader& in, Variant& value, size_t index,
                               std::index_sequence<I...>) {
    return ((I == index && JsonCodec<std::variant_alternative_t<I, Variant>>::read(
                               in, value.template emplace<I>())) ||
            ...);
  }
};

template <class K, class V, class C, class A>
struct JsonCodec<std::map<K, V, C, A>> : detail::JsonMapCodec<std::map<K, V, C, A>, K, V> {};
template <class K, class V, class H, class E, class A>
struct JsonCodec<std::unordered_map<K, V, H, E, A>>
    : detail::JsonMapCodec<std::unordered_map<K, V, H, E, A>, K, V> {};
template <class T, class C, class A>
struct JsonCodec<std::set<T, C, A>> : detail::JsonSetCodec<std::set<T, C, A>, T> {};
template <class T, class H, class E, class A>
struct JsonCodec<std::unordered_set<T, H, E, A>>
    : detail::JsonSetCodec<std::unordered_set<T, H, E, A>, T> {};

}  // namespace weir
