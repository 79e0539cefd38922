#include "weir/format/json_reader.h"

#include <simdjson.h>

#include <cfloat>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "base/strings.h"
#include "connectors/json/json_path.h"

namespace weir {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr size_t kFoundMax = 60;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// True if `text` is a number by JSON's grammar, whatever its size.
bool is_json_number(std::string_view text) {
  const auto digits = [&] {
    size_t count = 0;
    while (count < text.size() && is_digit(text[count])) ++count;
    text.remove_prefix(count);
    return count;
  };
  if (text.starts_with('-')) text.remove_prefix(1);
  const bool zero = text.starts_with('0');
  const size_t integer = digits();
  if (integer == 0 || (zero && integer > 1)) return false;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    if (digits() == 0) return false;
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
    if (digits() == 0) return false;
  }
  return text.empty();
}

/// An object or array that is being read.
struct Container {
  ondemand::object_iterator object;
  ondemand::array_iterator array;
  bool begun = false;
};

}  // namespace

/// Documents are put in brackets, because the parser reads a scalar only inside of something.
struct JsonReader::Parser {
  ondemand::parser parser;
  ondemand::document document;
  std::vector<char> buffer;
  size_t length = 0;  ///< of the document in the buffer
  ondemand::value value;
  std::vector<Container> open;  ///< from the outermost to the innermost; the first is the brackets

  /// The text of the present value, as far as its first token.
  std::string_view token() { return trim(value.raw_json_token()); }
};

JsonReader::JsonReader(const JsonOptions& options)
    : options_(options), parser_(std::make_unique<Parser>()) {}
JsonReader::~JsonReader() = default;

bool JsonReader::begin(std::string_view document) {
  problem_.clear();
  path_.clear();
  Parser& p = *parser_;
  p.open.clear();
  p.length = document.size() + 2;
  const size_t needed = p.length + simdjson::SIMDJSON_PADDING;
  if (p.buffer.size() < needed) p.buffer.resize(std::max(needed, 2 * p.buffer.size()));
  p.buffer[0] = '[';
  std::memcpy(p.buffer.data() + 1, document.data(), document.size());
  p.buffer[p.length - 1] = ']';
  if (p.parser.capacity() < p.length) {
    if (const auto error = p.parser.allocate(p.buffer.size())) return fail_parser(error);
  }
  if (const auto error =
          p.parser.iterate(p.buffer.data(), p.length, p.buffer.size()).get(p.document))
    return fail_parser(error);
  ondemand::array brackets;
  Container& outer = p.open.emplace_back();
  if (const auto error = p.document.get_array().get(brackets)) return fail_parser(error);
  if (const auto error = brackets.begin().get(outer.array)) return fail_parser(error);
  return next_element() || (ok() ? fail("the text is empty") : false);
}

bool JsonReader::end() {
  if (!ok()) return false;
  const bool more = next_element();
  const bool at_end = parser_->document.current_location().error() == simdjson::OUT_OF_BOUNDS;
  if (more || (ok() && !at_end)) return fail("something follows the JSON value");
  return ok();
}

bool JsonReader::take_null() {
  bool null = false;
  return ok() && parser_->value.is_null().get(null) == simdjson::SUCCESS && null;
}

bool JsonReader::read_bool(bool& value) {
  if (!ok()) return false;
  return parser_->value.get_bool().get(value) == simdjson::SUCCESS || expected("true or false");
}

bool JsonReader::read_integer(int64_t& value, int64_t min, int64_t max) {
  if (!ok()) return false;
  if (parser_->value.get_int64().get(value) == simdjson::SUCCESS && value >= min && value <= max)
    return true;
  return expected(cat("an integer from ", min, " to ", max));
}

bool JsonReader::read_integer(uint64_t& value, uint64_t max) {
  if (!ok()) return false;
  if (parser_->value.get_uint64().get(value) == simdjson::SUCCESS && value <= max) return true;
  return expected(cat("an integer from 0 to ", max));
}

template <class T>
bool JsonReader::read_special(T& value) {
  using Limits = std::numeric_limits<T>;
  const std::string_view token = parser_->token();
  if (token == "\"NaN\"") value = Limits::quiet_NaN();
  else if (token == "\"Infinity\"") value = Limits::infinity();
  else if (token == "\"-Infinity\"") value = -Limits::infinity();
  else if (is_json_number(token)) return expected(cat("a number of at most ", Limits::max()));
  else return expected("a number");
  return true;
}

bool JsonReader::read_number(double& value) {
  if (!ok()) return false;
  return parser_->value.get_double().get(value) == simdjson::SUCCESS || read_special(value);
}

bool JsonReader::read_number(float& value) {
  if (!ok()) return false;
  double wide = 0;
  if (parser_->value.get_double().get(wide) != simdjson::SUCCESS) return read_special(value);
  // From the text: a double in between would be rounded twice.
  const std::string_view token = parser_->token();
  const auto error = std::from_chars(token.data(), token.data() + token.size(), value).ec;
  if (error != std::errc::result_out_of_range) return true;
  if (std::fabs(wide) > 1) return read_special(value);
  value = static_cast<float>(wide);  // too small, so zero or the smallest number
  return true;
}

bool JsonReader::read_text(std::string_view& text) {
  if (!ok()) return false;
  const auto error = parser_->value.get_string().get(text);
  if (error == simdjson::SUCCESS) return true;
  return error == simdjson::STRING_ERROR ? fail_parser(error) : expected("a string");
}

bool JsonReader::deeper() {
  return parser_->open.size() <= kMaxDepth || fail(cat("it is nested deeper than ", kMaxDepth));
}

bool JsonReader::begin_object() {
  if (!ok() || !deeper()) return false;
  ondemand::object object;
  if (const auto error = parser_->value.get_object().get(object)) {
    return error == simdjson::INCORRECT_TYPE ? expected("an object") : fail_parser(error);
  }
  const auto error = object.begin().get(parser_->open.emplace_back().object);
  return error == simdjson::SUCCESS || fail_parser(error);
}

bool JsonReader::next_key(std::string_view& key) {
  if (!ok()) return false;
  Container& container = parser_->open.back();
  ondemand::object_iterator& at = container.object;
  if (container.begun) ++at;
  container.begun = true;
  if (!(at != at)) {
    parser_->open.pop_back();
    return false;
  }
  ondemand::field field;
  if (const auto error = (*at).get(field)) return fail_parser(error);
  const char* const raw = field.key().raw();
  const char* end = raw;
  while (*end != '"' && *end != '\\') ++end;
  if (*end == '"') {
    key = {raw, static_cast<size_t>(end - raw)};
  } else if (const auto error = field.unescaped_key().get(key)) {
    return fail_parser(error);
  }
  parser_->value = field.value();
  return true;
}

bool JsonReader::begin_array() {
  if (!ok() || !deeper()) return false;
  ondemand::array array;
  if (const auto error = parser_->value.get_array().get(array)) {
    return error == simdjson::INCORRECT_TYPE ? expected("an array") : fail_parser(error);
  }
  const auto error = array.begin().get(parser_->open.emplace_back().array);
  return error == simdjson::SUCCESS || fail_parser(error);
}

bool JsonReader::next_element() {
  if (!ok()) return false;
  Container& container = parser_->open.back();
  ondemand::array_iterator& at = container.array;
  if (container.begun) ++at;
  container.begun = true;
  if (!(at != at)) {
    parser_->open.pop_back();
    return false;
  }
  const auto error = (*at).get(parser_->value);
  return error == simdjson::SUCCESS || fail_parser(error);
}

bool JsonReader::skip() {
  if (!ok()) return false;
  const std::string_view token = parser_->token();
  switch (token.empty() ? '\0' : token.front()) {
    case '{': return skip_object();
    case '[': return skip_array();
    case '"': {
      std::string_view text;
      return read_text(text);
    }
    default: return skip_scalar(token);
  }
}

bool JsonReader::skip_object() {
  if (!begin_object()) return false;
  for (std::string_view key; next_key(key);) {
    if (!skip()) return in_field(key);
  }
  return ok();
}

bool JsonReader::skip_array() {
  if (!begin_array()) return false;
  for (size_t i = 0; next_element(); ++i) {
    if (!skip()) return in_element(i);
  }
  return ok();
}

bool JsonReader::skip_scalar(std::string_view token) {
  return token == "true" || token == "false" || token == "null" || is_json_number(token) ||
         expected("a JSON value");
}

bool JsonReader::expected(std::string_view what) {
  if (!ok()) return false;
  const std::string_view token = parser_->token();
  if (token.starts_with('{')) return fail(cat("expected ", what, ", found an object"));
  if (token.starts_with('[')) return fail(cat("expected ", what, ", found an array"));
  return fail(cat("expected ", what, ", found ", token.substr(0, kFoundMax),
                  token.size() > kFoundMax ? "…" : ""));
}

bool JsonReader::fail_parser(int error) {
  return fail(cat("it is not valid JSON: ",
                  simdjson::error_message(static_cast<simdjson::error_code>(error))));
}

bool JsonReader::fail(std::string why) {
  if (ok()) problem_ = std::move(why);
  return false;
}

bool JsonReader::in_field(std::string_view name) {
  prepend_field(path_, name);
  return false;
}

bool JsonReader::in_element(size_t index) {
  prepend_element(path_, index);
  return false;
}

std::string JsonReader::problem() const { return json_problem(path_, problem_); }

}  // namespace weir
