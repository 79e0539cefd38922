#pragma once

// Macros that list the fields of a struct.

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

#include "weir/detail/types/serialize_wrapped.h"
#include "weir/types/migration.h"
#include "weir/types/serializer.h"

/// Put it inside a struct, after its fields. weir can then keep the struct in state and send it.
///
///   struct Reading {
///     std::string sensor;
///     double value = 0;
///     WEIR_FIELDS(Reading, sensor, value)
///   };
///
/// List all fields to keep, in the order in which to store them. Flink can read up to 25 fields
/// individually. The struct stays an aggregate and may be local to a function. A key also needs
/// operator==. docs/schema_evolution.md says how the fields may change later.
#define WEIR_FIELDS(Type, ...)                                             \
  static Type* weir_fields_of() { return nullptr; }                        \
  static constexpr const char* weir_struct_name() { return #Type; }        \
  static constexpr const char* weir_field_names() { return #__VA_ARGS__; } \
  auto weir_tie() { return ::std::tie(__VA_ARGS__); }                      \
  auto weir_tie() const { return ::std::tie(__VA_ARGS__); }

/// In the list of fields: the field `name` had other names before, with which it may be stored.
///   WEIR_FIELDS(Reading, WEIR_FORMERLY(sensor, device), value)
#define WEIR_FORMERLY(name, ...) name

/// The same for a struct that cannot be changed. Put it in the struct's namespace, with all fields
/// in order:
///   WEIR_FIELDS_OF(Point, x, y)
#define WEIR_FIELDS_OF(Type, ...)                                                     \
  inline constexpr const char* weir_struct_name(const Type*) { return #Type; }        \
  inline constexpr const char* weir_field_names(const Type*) { return #__VA_ARGS__; } \
  inline auto weir_tie(Type& weir_value) {                                            \
    auto& [__VA_ARGS__] = weir_value;                                                 \
    return ::std::tie(__VA_ARGS__);                                                   \
  }                                                                                   \
  inline auto weir_tie(const Type& weir_value) {                                      \
    const auto& [__VA_ARGS__] = weir_value;                                           \
    return ::std::tie(__VA_ARGS__);                                                   \
  }

namespace weir {

namespace detail {

/// Flink's tuples hold 1 to 25 fields. Flink reads other structs as a byte[].
inline constexpr size_t kMaxFlinkTuple = 25;
constexpr bool fits_flink_tuple(size_t fields) { return fields >= 1 && fields <= kMaxFlinkTuple; }

template <class T>
concept FieldsInside = requires {
  // A derived struct inherits its base's list, which lacks its own fields.
  requires std::same_as<decltype(T::weir_fields_of()), T*>;
};
template <class T>
concept FieldsOutside = std::is_class_v<T> && requires(T& v, const T* p) {
  weir_tie(v);
  weir_field_names(p);
};

/// Converts "sensor, value" to {"sensor", "value"}.
std::vector<std::string> split_field_names(std::string_view names);

/// A field of a list, and the names that it had before.
struct ListedField {
  std::string name;
  std::vector<std::string> former;
};
/// Converts "WEIR_FORMERLY(sensor, device), value" to {{"sensor", {"device"}}, {"value", {}}}.
std::vector<ListedField> split_field_list(std::string_view list);

template <class F>
constexpr void check_field() {
  static_assert(Serializable<F>,
                "weir cannot serialize the type F of this field: give F its own WEIR_FIELDS list "
                "(weir/types/fields.h), or specialise "
                "weir::UserSerializer<F> (weir/types/serializer.h)");
}

template <class Tie>
struct TieSerializer;

/// Writes the fields one after another, like Flink's TupleSerializer.
template <class... F>
struct TieSerializer<std::tuple<F...>> {
  static constexpr bool kPlain = fits_flink_tuple(sizeof...(F));
  static constexpr size_t kMinBytes = kPlain ? sizeof...(F) : 4;
  static constexpr bool kHashable = (SerializableKey<std::remove_cvref_t<F>> && ...);

  template <class Tuple>
  static void write(BinaryWriter& out, const Tuple& fields) {
    (check_field<std::remove_cvref_t<F>>(), ...);
    const auto all = [&](BinaryWriter& o) {
      std::apply([&](const auto&... f) { (Serializer<std::remove_cvref_t<F>>::write(o, f), ...); },
                 fields);
    };
    if constexpr (kPlain) {
      all(out);
    } else {
      write_with_length(out, all);
    }
  }
  template <class Tuple>
  static void read(BinaryReader& in, Tuple&& fields) {
    const auto all = [&](BinaryReader& i) {
      std::apply([&](auto&... f) { (Serializer<std::remove_cvref_t<F>>::read(i, f), ...); },
                 fields);
    };
    if constexpr (kPlain) {
      all(in);
    } else {
      read_with_length(in, all);
    }
  }
  static std::vector<TypeDescription> describe() {
    return {Serializer<std::remove_cvref_t<F>>::describe()...};
  }
  /// Writes one field.
  template <class Tuple>
  static void write_field(BinaryWriter& out, const Tuple& fields, size_t index) {
    size_t i = 0;
    std::apply(
        [&](const auto&... f) {
          ((i++ == index ? Serializer<std::remove_cvref_t<F>>::write(out, f) : void()), ...);
        },
        fields);
  }
  template <class Tuple>
  static int32_t hash(const Tuple& fields) {
    uint32_t hash = 0;
    std::apply(
        [&](const auto&... f) {
          ((hash = 31u * hash + static_cast<uint32_t>(Serializer<std::remove_cvref_t<F>>::hash(f))),
           ...);
        },
        fields);
    return static_cast<int32_t>(hash);
  }
};

inline TypeDescription describe_struct(std::string name, const TypeEvolution& evolution,
                                       std::vector<TypeDescription> fields) {
  TypeDescription type;
  type.kind = TypeKind::kStruct;
  type.name = std::move(name);
  type.field_names = split_field_names(evolution.field_list);
  type.children = std::move(fields);
  type.evolution = &evolution;
  return type;
}

template <class T>
void write_default_field(size_t field, BinaryWriter& out) {
  if constexpr (std::is_default_constructible_v<T>) Serializer<T>::write_field(out, T{}, field);
}
template <class T>
constexpr TypeEvolution struct_evolution(const char* field_list) {
  return {field_list, std::is_default_constructible_v<T> ? &write_default_field<T> : nullptr,
          &migrations_of<T>};
}

}  // namespace detail

template <detail::FieldsInside T>
struct Serializer<T> {
  using Fields = detail::TieSerializer<decltype(std::declval<const T&>().weir_tie())>;
  static constexpr size_t kMinBytes = Fields::kMinBytes;
  static void write(BinaryWriter& out, const T& v) { Fields::write(out, v.weir_tie()); }
  static void read(BinaryReader& in, T& v) { Fields::read(in, v.weir_tie()); }
  static void write_field(BinaryWriter& out, const T& v, size_t index) {
    Fields::write_field(out, v.weir_tie(), index);
  }
  static TypeDescription describe() {
    static constexpr TypeEvolution kEvolution = detail::struct_evolution<T>(T::weir_field_names());
    return detail::describe_struct(T::weir_struct_name(), kEvolution, Fields::describe());
  }
  static int32_t hash(const T& v) requires(Fields::kHashable) { return Fields::hash(v.weir_tie()); }
};

template <detail::FieldsOutside T>
requires(!detail::FieldsInside<T>) struct Serializer<T> {
  using Fields = detail::TieSerializer<decltype(weir_tie(std::declval<const T&>()))>;
  static constexpr size_t kMinBytes = Fields::kMinBytes;
  static void write(BinaryWriter& out, const T& v) { Fields::write(out, weir_tie(v)); }
  static void read(BinaryReader& in, T& v) { Fields::read(in, weir_tie(v)); }
  static void write_field(BinaryWriter& out, const T& v, size_t index) {
    Fields::write_field(out, weir_tie(v), index);
  }
  static TypeDescription describe() {
    static constexpr TypeEvolution kEvolution =
        detail::struct_evolution<T>(weir_field_names(static_cast<const T*>(nullptr)));
    return detail::describe_struct(weir_struct_name(static_cast<const T*>(nullptr)), kEvolution,
                                   Fields::describe());
  }
  static int32_t hash(const T& v) requires(Fields::kHashable) { return Fields::hash(weir_tie(v)); }
};

}  // namespace weir
