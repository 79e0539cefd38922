#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <variant>
#include <vector>

#include "base/testing/source_dir.h"
#include "weir/format/avro_format.h"

namespace weir::avro_test {

using namespace std::chrono_literals;

enum class Color : uint8_t { kRed = 3, kGreen = 5 };

struct Inner {
  int32_t a = 0;
  std::vector<float> b;
  WEIR_FIELDS(Inner, a, b)
  bool operator==(const Inner&) const = default;
};

/// One field of each kind, as tests/avro/make_golden.py has them.
struct Everything {
  bool flag = false;
  int16_t small = 0;
  int64_t big = 0;
  float real = 0;
  double number = 0;
  std::string text;
  std::vector<uint8_t> bytes;
  std::array<uint8_t, 4> digest{};
  Color color = Color::kRed;
  Inner inner;
  std::vector<Inner> inners;
  std::optional<std::string> maybe = "a default";
  std::map<std::string, double> scores;
  std::variant<int64_t, std::string, Inner, std::monostate> one_of;
  std::chrono::sys_days day{};
  std::chrono::sys_time<std::chrono::milliseconds> millis{};
  std::chrono::sys_time<std::chrono::microseconds> micros{};
  std::chrono::seconds lasts{};
  WEIR_FIELDS(Everything, flag, small, big, real, number, text, bytes, digest, color, inner, inners,
              maybe, scores, one_of, day, millis, micros, lasts)
  bool operator==(const Everything&) const = default;
};

inline Everything everything() {
  Everything e;
  e.flag = true;
  e.small = -7;
  e.big = INT64_MIN;
  e.real = 1.5F;
  e.number = -0.1;
  e.text = "Grüße";
  e.bytes = {0x00, 0xff, 0x80};
  e.digest = {1, 2, 3, 4};
  e.color = Color::kGreen;
  e.inner = {INT32_MAX, {0.5F, -2.0F}};
  e.inners = {{-1, {}}, {0, {1.0F}}};
  e.maybe = "yes";
  e.scores = {{"a", 2.5}};
  e.one_of = std::string("text");
  e.day = std::chrono::sys_days(std::chrono::days(19723));
  e.millis += 1700000000123ms;
  e.micros -= 1us;
  e.lasts = 90s;
  return e;
}

/// A record that contains itself.
struct Node {
  int32_t value = 0;
  std::vector<Node> children;
  WEIR_FIELDS(Node, value, children)
  bool operator==(const Node&) const = default;
};

struct Golden {
  std::string schema;
  std::string bytes;
};

/// A case of tests/avro/golden.txt.
inline Golden golden(const std::string& name) {
  std::ifstream file(source_dir() + "/tests/avro/golden.txt");
  for (std::string line; std::getline(file, line);) {
    std::istringstream columns(line);
    Golden found;
    std::string hex;
    std::string first;
    std::getline(columns, first, '\t');
    std::getline(columns, found.schema, '\t');
    std::getline(columns, hex, '\t');
    if (first != name) continue;
    for (size_t i = 0; i + 1 < hex.size(); i += 2)
      found.bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
    return found;
  }
  throw std::runtime_error("tests/avro/golden.txt has no case " + name);
}

template <class T>
std::string to_avro(const T& value, AvroOptions options = {}) {
  std::string out;
  const Status status = AvroFormat<T>(std::move(options)).serialize(value, out);
  return status.ok() ? out : std::string(status.message());
}
template <class T>
StatusOr<T> from_avro(std::string_view bytes, AvroOptions options = {}) {
  return AvroFormat<T>(std::move(options)).deserialize(bytes);
}
template <class T>
StatusOr<T> from_schema(const std::string& schema, std::string_view bytes, bool missing = false) {
  return from_avro<T>(bytes, {.schema = schema, .allow_missing_fields = missing});
}
/// A record with one field `x`, by a schema in which the field has this type.
template <class T>
std::string problem_of(const std::string& type, std::string_view bytes) {
  const auto read = from_schema<T>(
      R"({"type": "record", "name": "R", "fields": [{"name": "x", "type": )" + type + "}]}", bytes);
  return read.ok() ? "" : std::string(read.status().message());
}

}  // namespace weir::avro_test

template <>
struct weir::AvroEnum<weir::avro_test::Color> {
  static constexpr std::pair<const char*, avro_test::Color> kSymbols[] = {
      {"RED", avro_test::Color::kRed}, {"GREEN", avro_test::Color::kGreen}};
  static constexpr avro_test::Color kDefault = avro_test::Color::kRed;
};
