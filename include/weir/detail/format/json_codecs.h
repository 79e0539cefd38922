#pragma once

// JsonCodec of scalars and structs. Included by weir/format/json_format.h.

#include <array>
#include <bitset>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "weir/connector/csv.h"
#include "weir/format/json_codec.h"
#include "weir/types/types.h"

namespace weir {

namespace detail {

template <class T>
concept HasJsonCodec = requires(JsonReader& in, JsonWriter& out, const T& c, T& m) {
  { JsonCodec<T>::read(in, m) } -> std::same_as<bool>;
  { JsonCodec<T>::write(out, c) } -> std::same_as<bool>;
};

template <class F>
constexpr void check_json_field() {
  static_assert(HasJsonCodec<F>,
                "weir cannot write the type F of this field as JSON: give F its own WEIR_FIELDS "
                "list (weir/types/fields.h), or specialize weir::JsonCodec<F> "
                "(weir/format/json_codec.h)");
}

/// The names in a list "a, b, c" of N names.
template <size_t N>
constexpr std::array<std::string_view, N> names_in(std::string_view list) {
  std::array<std::string_view, N> names;
  constexpr std::string_view kRenamed = "WEIR_FORMERLY(";
  for (std::string_view& name : names) {
    while (list.starts_with(' ')) list.remove_prefix(1);
    const bool renamed = list.starts_with(kRenamed);
    if (renamed) list.remove_prefix(kRenamed.size());
    name = list.substr(0, list.find_first_of(", )"));
    if (renamed) list.remove_prefix(list.find(')'));
    list.remove_prefix(std::min(list.size(), list.find(',') + 1));
  }
  return names;
}

template <class T>
constexpr std::string_view field_list_of() {
  if constexpr (FieldsInside<T>) {
    return T::weir_field_names();
  } else {
    return weir_field_names(static_cast<const T*>(nullptr));
  }
}

/// Fails because of a key that is not among those of the struct, unless the options allow it.
bool read_unknown_json_field(JsonReader& in, std::string_view key);
bool fail_repeated_json_field(JsonReader& in, std::string_view key);
bool fail_missing_json_field(JsonReader& in, std::string_view key);
bool read_json_time(JsonReader& in, int64_t num, int64_t den, int64_t* ticks);
bool write_json_time(JsonWriter& out, int64_t num, int64_t den, int64_t ticks);

template <class T>
bool read_json_integer(JsonReader& in, T& value) {
  using Limits = std::numeric_limits<T>;
  std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t> wide = 0;
  if constexpr (std::is_signed_v<T>) {
    if (!in.read_integer(wide, Limits::min(), Limits::max())) return false;
  } else {
    if (!in.read_integer(wide, Limits::max())) return false;
  }
  value = static_cast<T>(wide);
  return true;
}
template <class T>
bool write_json_integer(JsonWriter& out, T value) {
  out.integer(static_cast<std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>>(value));
  return true;
}

/// The codec of a struct's or a tuple's fields.
template <class T>
class JsonFields {
 public:
  using Tie = decltype(fields_of(std::declval<T&>()));
  static constexpr size_t kCount = std::tuple_size_v<Tie>;
  static constexpr std::array<std::string_view, kCount> kNames =
      names_in<kCount>(field_list_of<T>());

  static bool read(JsonReader& in, T& value) {
    if (!in.begin_object()) return false;
    std::bitset<kCount> seen;
    size_t next = 0;  // keys usually have the order of the fields
    for (std::string_view key; in.next_key(key);) {
      const size_t i = next < kCount && kNames[next] == key ? next : index_of(key);
      if (i == kCount) {
        if (!read_unknown_json_field(in, key)) return false;
        continue;
      }
      if (seen[i]) return fail_repeated_json_field(in, key);
      seen.set(i);
      next = i + 1;
      if (!kReaders[i](in, value)) return in.in_field(kNames[i]);
    }
    return in.ok() && (seen.all() || check_missing(in, seen));
  }

  static bool write(JsonWriter& out, const T& value) {
    out.raw('{');
    bool first = true;
    const bool written = std::apply(
        [&](const auto&... field) {
          size_t i = 0;
          return (write_field(out, kNames[i++], field, first) && ...);
        },
        fields_of(value));
    out.raw('}');
    return written;
  }

 private:
  template <size_t I>
  using Field = std::remove_cvref_t<std::tuple_element_t<I, Tie>>;

  static size_t index_of(std::string_view key) {
    size_t i = 0;
    while (i < kCount && kNames[i] != key) ++i;
    return i;
  }

  template <size_t I>
  static bool read_field(JsonReader& in, T& value) {
    check_json_field<Field<I>>();
    if constexpr (!IsOptional<Field<I>>::value) {
      if (in.options().allow_missing_fields && in.take_null()) return true;
    }
    return JsonCodec<Field<I>>::read(in, std::get<I>(fields_of(value)));
  }
  template <class F>
  static bool write_field(JsonWriter& out, std::string_view name, const F& field, bool& first) {
    if constexpr (IsOptional<F>::value) {
      if (!field && !out.options().write_nulls) return true;
    }
    if (!first) out.raw(',');
    first = false;
    out.raw('"');
    out.raw(name);
    out.raw("\":");
    return JsonCodec<F>::write(out, field) || out.in_field(name);
  }

  static bool check_missing(JsonReader& in, const std::bitset<kCount>& seen) {
    if (in.options().allow_missing_fields) return true;
    for (size_t i = 0; i < kCount; ++i) {
      if (!seen[i] && !kMayMiss[i]) return fail_missing_json_field(in, kNames[i]);
    }
    return true;
  }

  using Readers = std::array<bool (*)(JsonReader&, T&), kCount>;
  static constexpr Readers kReaders = []<size_t... I>(std::index_sequence<I...>) {
    return Readers{&read_field<I>...};
  }(std::make_index_sequence<kCount>());
  static constexpr std::array<bool, kCount> kMayMiss = []<size_t... I>(std::index_sequence<I...>) {
    return std::array<bool, kCount>{IsOptional<Field<I>>::value...};
  }(std::make_index_sequence<kCount>());
};

}  // namespace detail

template <detail::StructWithFields T>
struct JsonCodec<T> {
  static bool read(JsonReader& in, T& value) { return detail::JsonFields<T>::read(in, value); }
  static bool write(JsonWriter& out, const T& value) {
    return detail::JsonFields<T>::write(out, value);
  }
};

template <>
struct JsonCodec<bool> {
  static bool read(JsonReader& in, bool& value) { return in.read_bool(value); }
  static bool write(JsonWriter& out, bool value) {
    out.raw(value ? "true" : "false");
    return true;
  }
};

template <detail::Integer T>
struct JsonCodec<T> {
  static bool read(JsonReader& in, T& value) { return detail::read_json_integer(in, value); }
  static bool write(JsonWriter& out, T value) { return detail::write_json_integer(out, value); }
};

template <class T>
requires(std::is_enum_v<T> && !std::is_same_v<T, std::byte>) struct JsonCodec<T> {
  using Number = std::underlying_type_t<T>;
  static bool read(JsonReader& in, T& value) {
    Number number{};
    if (!JsonCodec<Number>::read(in, number)) return false;
    value = static_cast<T>(number);
    return true;
  }
  static bool write(JsonWriter& out, T value) {
    return JsonCodec<Number>::write(out, static_cast<Number>(value));
  }
};

template <class T>
requires(std::is_same_v<T, float> || std::is_same_v<T, double>) struct JsonCodec<T> {
  static bool read(JsonReader& in, T& value) { return in.read_number(value); }
  static bool write(JsonWriter& out, T value) {
    out.number(value);
    return true;
  }
};

template <>
struct JsonCodec<std::string> {
  static bool read(JsonReader& in, std::string& value) {
    std::string_view text;
    if (!in.read_text(text)) return false;
    value = text;
    return true;
  }
  static bool write(JsonWriter& out, const std::string& value) { return out.text(value); }
};

template <class Rep, class Period>
struct JsonCodec<std::chrono::duration<Rep, Period>> {
  using Duration = std::chrono::duration<Rep, Period>;
  static bool read(JsonReader& in, Duration& value) {
    Rep count{};
    if (!JsonCodec<Rep>::read(in, count)) return false;
    value = Duration(count);
    return true;
  }
  static bool write(JsonWriter& out, const Duration& value) {
    return JsonCodec<Rep>::write(out, value.count());
  }
};

template <class Duration>
requires std::is_integral_v<typename Duration::rep>
struct JsonCodec<std::chrono::time_point<std::chrono::system_clock, Duration>> {
  using Point = std::chrono::time_point<std::chrono::system_clock, Duration>;
  using Period = typename Duration::period;
  static bool read(JsonReader& in, Point& value) {
    int64_t ticks = 0;
    if (!detail::read_json_time(in, Period::num, Period::den, &ticks)) return false;
    if (!std::in_range<typename Duration::rep>(ticks))
      return in.expected("a point in time that the field can hold");
    value = Point(Duration(static_cast<typename Duration::rep>(ticks)));
    return true;
  }
  static bool write(JsonWriter& out, const Point& value) {
    return detail::write_json_time(out, Period::num, Period::den, value.time_since_epoch().count());
  }
};

}  // namespace weir

#include "weir/detail/format/json_container_codecs.h"
