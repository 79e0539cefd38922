#include "tool/value_text.h"

#include <cmath>
#include <cstdio>
#include <iterator>
#include <nlohmann/json.hpp>

#include "base/strings.h"

namespace weir::tool {
namespace {

/// A composite of more fields is written with its length.
constexpr size_t kTupleFieldsMax = 25;

std::string hex_text(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", static_cast<unsigned char>(byte));
    text += digits;
  }
  return json_text(text);
}

/// JSON has no number for NaN and infinity.
std::string number_text(double value) {
  if (!std::isfinite(value))
    return json_text(std::isnan(value) ? "NaN" : value > 0 ? "inf" : "-inf");
  return nlohmann::json(value).dump();
}

std::string elements_text(const TypeDescription& type, size_t count, BinaryReader& in) {
  std::string text = "[";
  for (size_t i = 0; i < count && in.ok(); ++i)
    text += cat(i == 0 ? "" : ", ", value_text(type, in));
  return text + "]";
}

std::string fields_text(const TypeDescription& type, BinaryReader& in) {
  const bool named = type.field_names.size() == type.children.size() && !type.children.empty();
  if (type.children.empty() || type.children.size() > kTupleFieldsMax) (void)in.get_i32();
  std::string text = named ? "{" : "[";
  for (size_t i = 0; i < type.children.size() && in.ok(); ++i) {
    text += cat(i == 0 ? "" : ", ", named ? json_text(type.field_names[i]) + ": " : "",
                value_text(type.children[i], in));
  }
  return text + (named ? "}" : "]");
}

/// As pairs, because a key may be of any type.
std::string map_text(const TypeDescription& type, BinaryReader& in) {
  std::string text = "[";
  const size_t count = in.get_count(1);
  for (size_t i = 0; i < count && in.ok(); ++i) {
    text += cat(i == 0 ? "[" : ", [", value_text(type.children[0], in), ", ");
    text += in.get_bool() ? "null" : value_text(type.children[1], in);
    text += "]";
  }
  return text + "]";
}

std::string variant_text(const TypeDescription& type, BinaryReader& in) {
  const int32_t index = in.get_i32();
  (void)in.get_i32();  // the length
  if (index < 0 || static_cast<size_t>(index) >= type.children.size()) {
    in.fail("an alternative that the type does not have");
    return "null";
  }
  return value_text(type.children[static_cast<size_t>(index)], in);
}

}  // namespace

std::string json_text(std::string_view text) {
  return nlohmann::json(std::string(text))
      .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string size_text(int64_t bytes) {
  constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  size_t unit = 0;
  for (; value >= 1024 && unit + 1 < std::size(kUnits); ++unit) value /= 1024;
  char text[32];
  std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.1f %s", value, kUnits[unit]);
  return text;
}

std::string value_text(const TypeDescription& type, BinaryReader& in) {
  switch (type.kind) {
    case TypeKind::kBool: return in.get_bool() ? "true" : "false";
    case TypeKind::kInt8: return std::to_string(in.get_i8());
    case TypeKind::kInt16: return std::to_string(in.get_i16());
    case TypeKind::kInt32: return std::to_string(in.get_i32());
    case TypeKind::kInt64: return std::to_string(in.get_i64());
    case TypeKind::kUint8: return std::to_string(in.get_u8());
    case TypeKind::kUint16: return std::to_string(in.get_u16());
    case TypeKind::kUint32: return std::to_string(in.get_u32());
    case TypeKind::kUint64: return std::to_string(in.get_u64());
    case TypeKind::kFloat: return number_text(static_cast<double>(in.get_f32()));
    case TypeKind::kDouble: return number_text(in.get_f64());
    case TypeKind::kString: return json_text(in.get_flink_string());
    case TypeKind::kBytes:
    case TypeKind::kUser: return hex_text(in.get_bytes());
    case TypeKind::kEnum:
    case TypeKind::kDuration:
    case TypeKind::kTimePoint: return value_text(type.children.at(0), in);
    case TypeKind::kOptional:
      return in.get_i32() == 0 ? "null" : value_text(type.children.at(0), in);
    case TypeKind::kVariant: return variant_text(type, in);
    case TypeKind::kTuple:
    case TypeKind::kStruct: return fields_text(type, in);
    case TypeKind::kArray:
    case TypeKind::kList:
    case TypeKind::kSet: return elements_text(type.children.at(0), in.get_count(1), in);
    case TypeKind::kMap: return map_text(type, in);
    case TypeKind::kVoid: (void)in.get_u8(); return "null";
    case TypeKind::kTimeWindow: {
      const int64_t start = in.get_i64();
      return cat("[", start, ", ", in.get_i64(), "]");
    }
  }
  in.fail("a type that is not known");
  return "null";
}

}  // namespace weir::tool
