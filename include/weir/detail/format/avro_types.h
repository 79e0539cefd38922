#pragma once

// How the codec sees scalars, enums, times and structs. Included by weir/format/avro_format.h.

#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "weir/connector/csv.h"
#include "weir/detail/format/avro_type.h"
#include "weir/types/types.h"

namespace weir {

/// Names the values of an enum, which Avro writes by name. Without it an enum is an int.
///
///   template <> struct weir::AvroEnum<Color> {
///     static constexpr std::pair<const char*, Color> kSymbols[] = {{"RED", Color::kRed},
///                                                                  {"GREEN", Color::kGreen}};
///     static constexpr Color kDefault = Color::kRed;  // optional: for symbols of newer writers
///   };
template <class T>
struct AvroEnum;

namespace detail {

/// AvroTypeOf<T>::make() describes T.
template <class T>
struct AvroTypeOf;

template <class T>
concept HasAvroType = requires {
  { AvroTypeOf<T>::make() } -> std::same_as<AvroType>;
};

template <class T>
const AvroType& avro_type() {
  static_assert(HasAvroType<T>,
                "weir cannot write T as Avro: list its fields with WEIR_FIELDS "
                "(weir/types/fields.h); weir/format/avro_format.h lists the other types");
  static const AvroType type = AvroTypeOf<T>::make();
  return type;
}

bool read_avro_null(AvroInput&, const AvroPlan&, void*);
bool write_avro_null(AvroOutput&, const AvroPlan&, const void*);
bool read_avro_bool(AvroInput& in, const AvroPlan&, void* value);
bool write_avro_bool(AvroOutput& out, const AvroPlan&, const void* value);
bool read_avro_float(AvroInput& in, const AvroPlan&, void* value);
bool write_avro_float(AvroOutput& out, const AvroPlan&, const void* value);
bool read_avro_double(AvroInput& in, const AvroPlan&, void* value);
bool write_avro_double(AvroOutput& out, const AvroPlan&, const void* value);
bool read_avro_string(AvroInput& in, const AvroPlan&, void* value);
bool write_avro_string(AvroOutput& out, const AvroPlan&, const void* value);
bool read_avro_record(AvroInput& in, const AvroPlan& plan, void* value);
bool write_avro_record(AvroOutput& out, const AvroPlan& plan, const void* value);
/// Reads an int or a long, as the plan's schema has it.
bool read_avro_long(AvroInput& in, const AvroPlan& plan, int64_t& value);
/// The same, between `min` and `max`.
bool read_avro_integer(AvroInput& in, const AvroPlan& plan, int64_t min, uint64_t max,
                       int64_t& value);
/// Converts from or to the unit of the plan's schema.
bool read_avro_ticks(AvroInput& in, const AvroPlan& plan, int64_t& ticks);
bool write_avro_ticks(AvroOutput& out, const AvroPlan& plan, int64_t ticks);
bool read_avro_symbol(AvroInput& in, const AvroPlan& plan, int64_t& value);
bool write_avro_symbol(AvroOutput& out, const AvroPlan& plan, int64_t value);
bool fail_avro_too_large(AvroOutput& out, uint64_t value);

inline AvroType avro_leaf(AvroKind kind, AvroRead read, AvroWrite write) {
  AvroType type;
  type.kind = kind;
  type.read = read;
  type.write = write;
  return type;
}

template <>
struct AvroTypeOf<std::monostate> {
  static AvroType make() { return avro_leaf(AvroKind::kNull, read_avro_null, write_avro_null); }
};
template <>
struct AvroTypeOf<bool> {
  static AvroType make() { return avro_leaf(AvroKind::kBoolean, read_avro_bool, write_avro_bool); }
};
template <>
struct AvroTypeOf<float> {
  static AvroType make() { return avro_leaf(AvroKind::kFloat, read_avro_float, write_avro_float); }
};
template <>
struct AvroTypeOf<double> {
  static AvroType make() {
    return avro_leaf(AvroKind::kDouble, read_avro_double, write_avro_double);
  }
};
template <>
struct AvroTypeOf<std::string> {
  static AvroType make() {
    return avro_leaf(AvroKind::kString, read_avro_string, write_avro_string);
  }
};

template <class T>
requires(Integer<T> || (std::is_enum_v<T> && !std::is_same_v<T, std::byte> &&
                        !requires { AvroEnum<T>::kSymbols; })) struct AvroTypeOf<T> {
  using Number = typename std::conditional_t<std::is_enum_v<T>, std::underlying_type<T>,
                                             std::type_identity<T>>::type;
  using Limits = std::numeric_limits<Number>;
  static bool read(AvroInput& in, const AvroPlan& plan, void* value) {
    int64_t number = 0;
    if (!read_avro_integer(in, plan, Limits::min(), Limits::max(), number)) return false;
    *static_cast<T*>(value) = static_cast<T>(number);
    return true;
  }
  static bool write(AvroOutput& out, const AvroPlan&, const void* value) {
    const auto number = static_cast<Number>(*static_cast<const T*>(value));
    if constexpr (std::is_same_v<Number, uint64_t> || (sizeof(T) == 8 && !Limits::is_signed)) {
      if (number > uint64_t{INT64_MAX}) return fail_avro_too_large(out, number);
    }
    out.put_long(static_cast<int64_t>(number));
    return true;
  }
  static AvroType make() {
    AvroType type = avro_leaf(AvroKind::kInteger, read, write);
    type.wide = sizeof(Number) == 8 || (sizeof(Number) == 4 && !Limits::is_signed);
    return type;
  }
};

template <class T>
requires(std::is_enum_v<T> && requires { AvroEnum<T>::kSymbols; }) struct AvroTypeOf<T> {
  static bool read(AvroInput& in, const AvroPlan& plan, void* value) {
    int64_t number = 0;
    if (!read_avro_symbol(in, plan, number)) return false;
    *static_cast<T*>(value) = static_cast<T>(number);
    return true;
  }
  static bool write(AvroOutput& out, const AvroPlan& plan, const void* value) {
    return write_avro_symbol(out, plan, static_cast<int64_t>(*static_cast<const T*>(value)));
  }
  static AvroType make() {
    AvroType type = avro_leaf(AvroKind::kEnum, read, write);
    type.name = type_name<T>();
    for (const auto& [name, value] : AvroEnum<T>::kSymbols)
      type.symbols.push_back({name, static_cast<int64_t>(value)});
    if constexpr (requires { AvroEnum<T>::kDefault; })
      type.default_symbol = static_cast<int64_t>(AvroEnum<T>::kDefault);
    return type;
  }
};

template <class T, class Duration>
struct AvroTicks {
  using Rep = typename Duration::rep;
  static bool read(AvroInput& in, const AvroPlan& plan, void* value) {
    int64_t ticks = 0;
    if (!read_avro_ticks(in, plan, ticks)) return false;
    if (!std::in_range<Rep>(ticks)) return in.fail("a time that the field cannot hold");
    *static_cast<T*>(value) = T(Duration(static_cast<Rep>(ticks)));
    return true;
  }
  static bool write(AvroOutput& out, const AvroPlan& plan, const void* value) {
    const T& time = *static_cast<const T*>(value);
    if constexpr (std::is_same_v<T, Duration>) {
      return write_avro_ticks(out, plan, static_cast<int64_t>(time.count()));
    } else {
      return write_avro_ticks(out, plan, static_cast<int64_t>(time.time_since_epoch().count()));
    }
  }
  static AvroType make(AvroKind kind) {
    AvroType type = avro_leaf(kind, read, write);
    type.num = Duration::period::num;
    type.den = Duration::period::den;
    return type;
  }
};
template <class Rep, class Period>
requires std::signed_integral<Rep> struct AvroTypeOf<std::chrono::duration<Rep, Period>> {
  using Duration = std::chrono::duration<Rep, Period>;
  static AvroType make() { return AvroTicks<Duration, Duration>::make(AvroKind::kDuration); }
};
template <class Duration>
requires std::signed_integral<typename Duration::rep>
struct AvroTypeOf<std::chrono::time_point<std::chrono::system_clock, Duration>> {
  static AvroType make() {
    return AvroTicks<std::chrono::time_point<std::chrono::system_clock, Duration>, Duration>::make(
        AvroKind::kTime);
  }
};

template <StructWithFields T>
struct AvroTypeOf<T> {
  using Tie = decltype(fields_of(std::declval<T&>()));

  template <size_t I>
  static void* field(void* record) {
    return &std::get<I>(fields_of(*static_cast<T*>(record)));
  }
  template <size_t... I>
  static void add_fields(AvroType& type, std::index_sequence<I...>) {
    std::vector<ListedField> list;
    if constexpr (FieldsInside<T>) list = split_field_list(T::weir_field_names());
    else list = split_field_list(weir_field_names(static_cast<const T*>(nullptr)));
    (type.fields.push_back({std::move(list[I].name), std::move(list[I].former),
                            &avro_type<std::remove_cvref_t<std::tuple_element_t<I, Tie>>>,
                            &field<I>}),
     ...);
  }
  static AvroType make() {
    AvroType type = avro_leaf(AvroKind::kRecord, read_avro_record, write_avro_record);
    if constexpr (FieldsInside<T>) type.name = T::weir_struct_name();
    else type.name = weir_struct_name(static_cast<const T*>(nullptr));
    add_fields(type, std::make_index_sequence<std::tuple_size_v<Tie>>());
    return type;
  }
};

}  // namespace detail
}  // namespace weir

#include "weir/detail/format/avro_container_types.h"
