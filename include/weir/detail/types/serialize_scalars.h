#pragma once

// Serializers of numbers, strings, enums and times. Included by weir/types/types.h.

#include <bit>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include "weir/types/serializer.h"

namespace weir {

namespace detail {

/// java.lang.String.hashCode of the text that put_flink_string writes.
int32_t java_string_hash(std::string_view text);
inline int32_t java_long_hash(int64_t v) {
  const auto bits = static_cast<uint64_t>(v);
  return static_cast<int32_t>(static_cast<uint32_t>(bits ^ (bits >> 32)));
}
inline int32_t java_hash_step(int32_t hash, int32_t next) {
  return static_cast<int32_t>(31u * static_cast<uint32_t>(hash) + static_cast<uint32_t>(next));
}

/// Extracts "Color" from the signature of weir::name_of<shop::Color>.
std::string type_name_in(std::string_view signature);
template <class T>
std::string type_name() {
  return type_name_in(__PRETTY_FUNCTION__);
}

/// "ms", "s", … or "1/30 s".
std::string time_unit(int64_t numerator, int64_t denominator);

inline TypeDescription describe_plain(TypeKind kind) {
  TypeDescription type;
  type.kind = kind;
  return type;
}
inline TypeDescription describe_nested(TypeKind kind, std::string name, TypeDescription child) {
  TypeDescription type;
  type.kind = kind;
  type.name = std::move(name);
  type.children.push_back(std::move(child));
  return type;
}

/// The minimum encoded size of a value, to check counts of elements.
template <class T>
constexpr size_t min_bytes() {
  if constexpr (requires { Serializer<T>::kMinBytes; }) {
    return Serializer<T>::kMinBytes;
  } else {
    return 1;
  }
}

template <class T>
concept Integer = std::is_integral_v<T> && !std::is_same_v<T, bool> &&
                  !std::is_same_v<T, wchar_t> && !std::is_same_v<T, char8_t> &&
                  !std::is_same_v<T, char16_t> && !std::is_same_v<T, char32_t> && sizeof(T) <= 8;

}  // namespace detail

/// Unsigned integers are written and hashed as signed integers of the same width. char is int8.
template <detail::Integer T>
struct Serializer<T> {
  static constexpr size_t kMinBytes = sizeof(T);
  static void write(BinaryWriter& out, T v) {
    if constexpr (sizeof(T) == 1) {
      out.put_u8(static_cast<uint8_t>(v));
    } else if constexpr (sizeof(T) == 2) {
      out.put_u16(static_cast<uint16_t>(v));
    } else if constexpr (sizeof(T) == 4) {
      out.put_u32(static_cast<uint32_t>(v));
    } else {
      out.put_u64(static_cast<uint64_t>(v));
    }
  }
  static void read(BinaryReader& in, T& v) {
    if constexpr (sizeof(T) == 1) {
      v = static_cast<T>(in.get_u8());
    } else if constexpr (sizeof(T) == 2) {
      v = static_cast<T>(in.get_u16());
    } else if constexpr (sizeof(T) == 4) {
      v = static_cast<T>(in.get_u32());
    } else {
      v = static_cast<T>(in.get_u64());
    }
  }
  static TypeDescription describe() {
    constexpr bool kSigned = std::is_signed_v<T> || std::is_same_v<T, char>;
    constexpr int kWidth = std::countr_zero(sizeof(T));
    constexpr auto kFirst = static_cast<int>(kSigned ? TypeKind::kInt8 : TypeKind::kUint8);
    return detail::describe_plain(static_cast<TypeKind>(kFirst + kWidth));
  }
  static int32_t hash(T v) {
    if constexpr (sizeof(T) == 8) {
      return detail::java_long_hash(static_cast<int64_t>(v));
    } else if constexpr (std::is_same_v<T, char>) {
      return static_cast<signed char>(v);
    } else {
      return static_cast<int32_t>(static_cast<std::make_signed_t<T>>(v));
    }
  }
};

template <>
struct Serializer<bool> {
  static constexpr size_t kMinBytes = 1;
  static void write(BinaryWriter& out, bool v) { out.put_bool(v); }
  static void read(BinaryReader& in, bool& v) { v = in.get_bool(); }
  static TypeDescription describe() { return detail::describe_plain(TypeKind::kBool); }
  static int32_t hash(bool v) { return v ? 1231 : 1237; }
};

template <>
struct Serializer<float> {
  static constexpr size_t kMinBytes = 4;
  static void write(BinaryWriter& out, float v) { out.put_f32(v); }
  static void read(BinaryReader& in, float& v) { v = in.get_f32(); }
  static TypeDescription describe() { return detail::describe_plain(TypeKind::kFloat); }
  static int32_t hash(float v) { return v != v ? 0x7FC00000 : std::bit_cast<int32_t>(v); }
};

template <>
struct Serializer<double> {
  static constexpr size_t kMinBytes = 8;
  static void write(BinaryWriter& out, double v) { out.put_f64(v); }
  static void read(BinaryReader& in, double& v) { v = in.get_f64(); }
  static TypeDescription describe() { return detail::describe_plain(TypeKind::kDouble); }
  static int32_t hash(double v) {
    return detail::java_long_hash(v != v ? 0x7FF8000000000000 : std::bit_cast<int64_t>(v));
  }
};

template <>
struct Serializer<std::string> {
  static constexpr size_t kMinBytes = 1;
  static void write(BinaryWriter& out, const std::string& v) { out.put_flink_string(v); }
  static void read(BinaryReader& in, std::string& v) { v = in.get_flink_string(); }
  static TypeDescription describe() { return detail::describe_plain(TypeKind::kString); }
  static int32_t hash(const std::string& v) { return detail::java_string_hash(v); }
};

/// Written as the underlying integer. Values without an enumerator are valid, because an enum with
/// a fixed type can hold them.
template <class T>
requires(std::is_enum_v<T> && !std::is_same_v<T, std::byte> &&
         !std::is_same_v<std::underlying_type_t<T>, bool>) struct Serializer<T> {
  using Underlying = Serializer<std::underlying_type_t<T>>;
  static constexpr size_t kMinBytes = Underlying::kMinBytes;
  static void write(BinaryWriter& out, T v) {
    Underlying::write(out, static_cast<std::underlying_type_t<T>>(v));
  }
  static void read(BinaryReader& in, T& v) {
    std::underlying_type_t<T> number{};
    Underlying::read(in, number);
    v = static_cast<T>(number);
  }
  static TypeDescription describe() {
    return detail::describe_nested(TypeKind::kEnum, detail::type_name<T>(), Underlying::describe());
  }
  static int32_t hash(T v) { return Underlying::hash(static_cast<std::underlying_type_t<T>>(v)); }
};

/// Written as its count: a Long, or a Double for fractional counts.
template <class Rep, class Period>
requires std::is_arithmetic_v<Rep> struct Serializer<std::chrono::duration<Rep, Period>> {
  using Duration = std::chrono::duration<Rep, Period>;
  using Count = std::conditional_t<std::is_floating_point_v<Rep>, double, int64_t>;
  static constexpr size_t kMinBytes = 8;
  static void write(BinaryWriter& out, const Duration& v) {
    Serializer<Count>::write(out, static_cast<Count>(v.count()));
  }
  static void read(BinaryReader& in, Duration& v) {
    Count count{};
    Serializer<Count>::read(in, count);
    v = Duration(static_cast<Rep>(count));
  }
  static TypeDescription describe() {
    return detail::describe_nested(TypeKind::kDuration, detail::time_unit(Period::num, Period::den),
                                   Serializer<Count>::describe());
  }
  static int32_t hash(const Duration& v) {
    return Serializer<Count>::hash(static_cast<Count>(v.count()));
  }
};

/// Written as the duration since the clock's epoch. Not for steady_clock, whose epoch changes at a
/// restart.
template <class Clock, class Duration>
requires(!std::is_same_v<Clock, std::chrono::steady_clock>)
struct Serializer<std::chrono::time_point<Clock, Duration>> {
  using Point = std::chrono::time_point<Clock, Duration>;
  static constexpr size_t kMinBytes = 8;
  static void write(BinaryWriter& out, const Point& v) {
    Serializer<Duration>::write(out, v.time_since_epoch());
  }
  static void read(BinaryReader& in, Point& v) {
    Duration since{};
    Serializer<Duration>::read(in, since);
    v = Point(since);
  }
  static TypeDescription describe() {
    return detail::describe_nested(TypeKind::kTimePoint, "", Serializer<Duration>::describe());
  }
  static int32_t hash(const Point& v) { return Serializer<Duration>::hash(v.time_since_epoch()); }
};

}  // namespace weir
