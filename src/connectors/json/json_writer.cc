#include "weir/format/json_writer.h"

#include <simdjson.h>

#include <charconv>
#include <cmath>

#include "connectors/json/json_path.h"

namespace weir {
namespace {

bool needs_escape(char c) { return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\'; }

void append_escape(std::string& out, char c) {
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\b': out += "\\b"; return;
    case '\f': out += "\\f"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: break;
  }
  constexpr std::string_view kHex = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  out += "\\u00";
  out += kHex[byte >> 4];
  out += kHex[byte & 15];
}

bool is_ascii(std::string_view text) {
  unsigned char all = 0;
  for (const char c : text) all |= static_cast<unsigned char>(c);
  return all < 0x80;
}

template <class T>
void append_number(std::string& out, T value) {
  char digits[64];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

}  // namespace

void JsonWriter::integer(int64_t value) { append_number(out_, value); }
void JsonWriter::integer(uint64_t value) { append_number(out_, value); }
void JsonWriter::number(double value) { floating(value); }
void JsonWriter::number(float value) { floating(value); }

template <class T>
void JsonWriter::floating(T value) {
  if (std::isfinite(value)) return append_number(out_, value);
  out_ += std::isnan(value) ? "\"NaN\"" : value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
}

bool JsonWriter::text(std::string_view text) {
  if (!is_ascii(text) && !simdjson::validate_utf8(text))
    return fail("the text is not UTF-8, and JSON holds no other bytes; std::vector<uint8_t> does");
  out_ += '"';
  size_t kept = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (!needs_escape(text[i])) continue;
    out_.append(text, kept, i - kept);
    append_escape(out_, text[i]);
    kept = i + 1;
  }
  out_.append(text, kept);
  out_ += '"';
  return true;
}

bool JsonWriter::fail(std::string why) {
  if (problem_.empty()) problem_ = std::move(why);
  return false;
}

bool JsonWriter::in_field(std::string_view name) {
  prepend_field(path_, name);
  return false;
}

bool JsonWriter::in_element(size_t index) {
  prepend_element(path_, index);
  return false;
}

std::string JsonWriter::problem() const { return json_problem(path_, problem_); }

}  // namespace weir
