#pragma once

// How the codec sees the standard library's containers and sums. Included by
// weir/format/avro_format.h.

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include "weir/detail/format/avro_types.h"

namespace weir::detail {

template <class T>
concept AvroByte = std::is_same_v<T, uint8_t> || std::is_same_v<T, std::byte>;

/// Calls `read_one(i)` for each element. It returns false after a failure.
template <class ReadOne>
bool read_avro_elements(AvroInput& in, const AvroPlan& plan, ReadOne read_one) {
  size_t i = 0;
  for (uint64_t count = 0; in.next_block(plan.min_element_bytes, count);) {
    if (count == 0) return true;
    for (; count > 0; --count, ++i) {
      if (!read_one()) return in.in_element(i);
    }
  }
  return false;
}

/// vector and sets.
template <class Range>
struct AvroArrayType {
  using Element = typename Range::value_type;
  static bool read(AvroInput& in, const AvroPlan& plan, void* value) {
    Range& range = *static_cast<Range*>(value);
    range.clear();
    const AvroPlan& part = *plan.parts[0];
    return read_avro_elements(in, plan, [&] {
      Element element{};
      if (!part.read(in, part, &element)) return false;
      if constexpr (requires { range.push_back(std::move(element)); })
        range.push_back(std::move(element));
      else if (!range.insert(std::move(element)).second)
        return in.fail("a set has the same element twice");
      return true;
    });
  }
  static bool write(AvroOutput& out, const AvroPlan& plan, const void* value) {
    const Range& range = *static_cast<const Range*>(value);
    const AvroPlan& part = *plan.parts[0];
    if (!range.empty()) out.put_long(static_cast<int64_t>(range.size()));
    size_t i = 0;
    for (const Element& element : range) {
      if (!part.write(out, part, &element)) return out.in_element(i);
      ++i;
    }
    out.put_long(0);
    return true;
  }
  static AvroType make() {
    AvroType type = avro_leaf(AvroKind::kArray, read, write);
    type.parts = {&avro_type<Element>};
    return type;
  }
};
template <class T>
requires(!AvroByte<T>) struct AvroTypeOf<std::vector<T>> : AvroArrayType<std::vector<T>> {};
template <class T>
struct AvroTypeOf<std::set<T>> : AvroArrayType<std::set<T>> {};
template <class T>
struct AvroTypeOf<std::unordered_set<T>> : AvroArrayType<std::unordered_set<T>> {};

template <class Map>
struct AvroMapType {
  using Value = typename Map::mapped_type;
  static bool read(AvroInput& in, const AvroPlan& plan, void* value) {
    Map& map = *static_cast<Map*>(value);
    map.clear();
    const AvroPlan& part = *plan.parts[0];
    return read_avro_elements(in, plan, [&] {
      std::string_view key;
      if (!in.read_text(key)) return false;
      const auto [entry, is_new] = map.try_emplace(std::string(key));
      if (!is_new) return in.fail("a map has the key '" + std::string(key) + "' twice");
      return part.read(in, part, &entry->second) || in.in_field(key);
    });
  }
  static bool write(AvroOutput& out, const AvroPlan& plan, const void* value) {
    const Map& map = *static_cast<const Map*>(value);
    const AvroPlan& part = *plan.parts[0];
    if (!map.empty()) out.put_long(static_cast<int64_t>(map.size()));
    for (const auto& [key, mapped] : map) {
      if (!out.put_text(key) || !part.write(out, part, &mapped)) return out.in_field(key);
    }
    out.put_long(0);
    return true;
  }
  static AvroType make() {
    AvroType type = avro_leaf(AvroKind::kMap, read, write);
    type.parts = {&avro_type<Value>};
    return type;
  }
};
template <class V>
struct AvroTypeOf<std::map<std::string, V>> : AvroMapType<std::map<std::string, V>> {};
template <class V>
struct AvroTypeOf<std::unordered_map<std::string, V>>
    : AvroMapType<std::unordered_map<std::string, V>> {};

template <AvroByte T>
struct AvroTypeOf<std::vector<T>> {
  static bool read(AvroInput& in, const AvroPlan&, void* value) {
    std::string_view bytes;
    if (!in.read_bytes(bytes)) return false;
    const T* const first = reinterpret_cast<const T*>(bytes.data());
    static_cast<std::vector<T>*>(value)->assign(first, first + bytes.size());
    return true;
  }
  static bool write(AvroOutput& out, const AvroPlan&, const void* value) {
    const auto& bytes = *static_cast<const std::vector<T>*>(value);
    out.put_bytes({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    return true;
  }
  static AvroType make() { return avro_leaf(AvroKind::kBytes, read, write); }
};

template <AvroByte T, size_t N>
struct AvroTypeOf<std::array<T, N>> {
  static bool read(AvroInput& in, const AvroPlan&, void* value) {
    std::string_view bytes;
    if (!in.read_raw(N, bytes)) return false;
    std::copy(bytes.begin(), bytes.end(), static_cast<char*>(value));
    return true;
  }
  static bool write(AvroOutput& out, const AvroPlan&, const void* value) {
    out.put_raw({static_cast<const char*>(value), N});
    return true;
  }
  static AvroType make() {
    AvroType type = avro_leaf(AvroKind::kFixed, read, write);
    type.size = N;
    return type;
  }
};

template <class T>
struct AvroTypeOf<std::optional<T>> {
  using Optional = std::optional<T>;
  static void* emplace(void* value, size_t alternative) {
    auto& optional = *static_cast<Optional*>(value);
    if (alternative > 0) return &optional.emplace();
    optional.reset();
    return nullptr;
  }
  static bool write(AvroOutput& out, const AvroPlan& plan, const void* value) {
    const auto& optional = *static_cast<const Optional*>(value);
    const size_t alternative = optional ? 1 : 0;
    if (plan.numbers[alternative] >= 0) out.put_long(plan.numbers[alternative]);
    const AvroPlan& part = *plan.parts[alternative];
    return !optional || part.write(out, part, &*optional);
  }
  static AvroType make() {
    AvroType type = avro_leaf(AvroKind::kOptional, nullptr, write);
    type.parts = {&avro_type<T>};
    type.emplace = emplace;
    return type;
  }
};

template <class... A>
struct AvroTypeOf<std::variant<A...>> {
  using Variant = std::variant<A...>;
  template <size_t I>
  static void* emplace_one(Variant& variant) {
    return &variant.template emplace<I>();
  }
  template <size_t... I>
  static void* emplace_in(Variant& variant, size_t alternative, std::index_sequence<I...>) {
    static constexpr void* (*kEmplace[])(Variant&) = {&emplace_one<I>...};
    return kEmplace[alternative](variant);
  }
  static void* emplace(void* value, size_t alternative) {
    return emplace_in(*static_cast<Variant*>(value), alternative, std::index_sequence_for<A...>());
  }
  static bool write(AvroOutput& out, const AvroPlan& plan, const void* value) {
    const auto& variant = *static_cast<const Variant*>(value);
    if (variant.valueless_by_exception()) return out.fail("a variant without a value");
    const AvroPlan& part = *plan.parts[variant.index()];
    if (plan.numbers[variant.index()] >= 0) out.put_long(plan.numbers[variant.index()]);
    return std::visit([&](const auto& one) { return part.write(out, part, &one); }, variant);
  }
  static AvroType make() {
    AvroType type = avro_leaf(AvroKind::kVariant, nullptr, write);
    type.parts = {&avro_type<A>...};
    type.emplace = emplace;
    return type;
  }
};

}  // namespace weir::detail
