#include "rest/json_value.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

namespace weir::rest {
namespace {

/// The length of the UTF-8 sequence at the beginning of `text`; 0 if there is none.
size_t sequence_length(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const size_t length = first >= 0xF0 && first <= 0xF4   ? 4
                        : first >= 0xE0 && first <= 0xEF ? 3
                        : first >= 0xC2 && first <= 0xDF ? 2
                                                         : 0;
  if (length == 0 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  // No overlong forms, no surrogates, nothing above U+10FFFF.
  const bool bad = (first == 0xE0 && byte(1) < 0xA0) || (first == 0xED && byte(1) > 0x9F) ||
                   (first == 0xF0 && byte(1) < 0x90) || (first == 0xF4 && byte(1) > 0x8F);
  return bad ? 0 : length;
}

void write_text(std::string_view text, std::string* out) {
  *out += '"';
  while (!text.empty()) {
    const size_t length = sequence_length(text);
    const char c = text[0];
    if (length == 0) {
      *out += "\xEF\xBF\xBD";
    } else if (length > 1) {
      out->append(text.substr(0, length));
    } else if (c == '"' || c == '\\') {
      *out += '\\';
      *out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
      *out += escape;
    } else {
      *out += c;
    }
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  *out += '"';
}

/// JSON has no infinity; a number with a fraction keeps it, so that its type is seen.
void write_number(double number, std::string* out) {
  if (!std::isfinite(number)) {
    *out += "null";
    return;
  }
  std::array<char, 40> text;
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), number);
  const std::string_view digits(text.data(), static_cast<size_t>(end - text.data()));
  out->append(digits);
  if (digits.find_first_of(".e") == digits.npos) *out += ".0";
}

}  // namespace

Json::Json(std::initializer_list<Json> list) : kind_(Kind::kArray) {
  const bool object = std::all_of(list.begin(), list.end(), [](const Json& each) {
    return each.kind_ == Kind::kArray && each.size() == 2 && each.elements_[0].kind_ == Kind::kText;
  });
  if (object) kind_ = Kind::kObject;
  for (const Json& each : list) {
    if (object) {
      names_.push_back(each.elements_[0].text_);
      elements_.push_back(each.elements_[1]);
    } else {
      elements_.push_back(each);
    }
  }
}

Json Json::array(std::initializer_list<Json> elements) {
  Json json;
  json.kind_ = Kind::kArray;
  json.elements_ = elements;
  return json;
}

Json Json::object() {
  Json json;
  json.kind_ = Kind::kObject;
  return json;
}

Json& Json::operator[](std::string_view name) {
  kind_ = Kind::kObject;
  const auto found = std::find(names_.begin(), names_.end(), name);
  if (found != names_.end()) return elements_[static_cast<size_t>(found - names_.begin())];
  names_.emplace_back(name);
  return elements_.emplace_back();
}

void Json::update(const Json& other) {
  for (size_t i = 0; i < other.names_.size(); ++i) (*this)[other.names_[i]] = other.elements_[i];
}

void Json::push_back(Json element) {
  kind_ = Kind::kArray;
  elements_.push_back(std::move(element));
}

void Json::write(std::string* out) const {
  switch (kind_) {
    case Kind::kNull: *out += "null"; return;
    case Kind::kBool: *out += whole_ != 0 ? "true" : "false"; return;
    case Kind::kWhole: *out += std::to_string(whole_); return;
    case Kind::kNumber: write_number(number_, out); return;
    case Kind::kText: write_text(text_, out); return;
    case Kind::kArray:
    case Kind::kObject: break;
  }
  const bool object = kind_ == Kind::kObject;
  *out += object ? '{' : '[';
  for (size_t i = 0; i < elements_.size(); ++i) {
    if (i > 0) *out += ',';
    if (object) {
      write_text(names_[i], out);
      *out += ':';
    }
    elements_[i].write(out);
  }
  *out += object ? '}' : ']';
}

std::string Json::text() const {
  std::string out;
  write(&out);
  return out;
}

}  // namespace weir::rest
