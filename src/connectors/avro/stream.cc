#include <algorithm>

#include "base/strings.h"
#include "connectors/json/json_path.h"
#include "types/utf16.h"
#include "weir/detail/format/avro_stream.h"

namespace weir::detail {
namespace {

bool is_utf8(std::string_view text) {
  constexpr size_t kWord = sizeof(uint64_t);
  uint64_t bits = 0;
  size_t i = 0;
  for (; i + kWord <= text.size(); i += kWord) {
    uint64_t word = 0;
    std::memcpy(&word, text.data() + i, kWord);
    bits |= word;
  }
  for (; i < text.size(); ++i) bits |= static_cast<uint8_t>(text[i]);
  if ((bits & 0x8080808080808080u) == 0) return true;
  bool valid = true;
  bool after_high = false;
  for_each_utf16_unit(text, [&](uint16_t unit) {
    const bool low = unit >= 0xDC00 && unit <= 0xDFFF;  // a lone one is a byte outside of UTF-8
    valid = valid && (!low || after_high);
    after_high = unit >= 0xD800 && unit <= 0xDBFF;
  });
  return valid;
}

}  // namespace

bool AvroInput::read_text(std::string_view& text) {
  return read_bytes(text) && (is_utf8(text) || fail("a string that is not UTF-8"));
}

bool AvroInput::read_bool(bool& value) {
  std::string_view byte;
  if (!read_raw(1, byte)) return false;
  value = byte[0] == 1;
  return byte[0] == 0 || byte[0] == 1 || fail("a boolean that is neither 0 nor 1");
}

bool AvroInput::next_block(size_t min_bytes, uint64_t& count) {
  return read_count(min_bytes, count, false);
}

bool AvroInput::next_block_to_skip(size_t min_bytes, uint64_t& count) {
  return read_count(min_bytes, count, true);
}

bool AvroInput::read_count(size_t min_bytes, uint64_t& count, bool skip) {
  for (;;) {
    int64_t signed_count = 0;
    if (!read_long(signed_count)) return false;
    count = static_cast<uint64_t>(signed_count);
    if (signed_count < 0) {  // its length follows
      count = 0 - count;
      int64_t length = 0;
      if (!read_long(length)) return false;
      if (length < 0 || static_cast<uint64_t>(length) > remaining())
        return fail(cat("a block of ", length, " bytes, and ", remaining(), " follow"));
      if (skip) {
        next_ += length;
        continue;
      }
    }
    if (min_bytes > 0 && count > remaining() / min_bytes)
      return fail(cat("a block of ", count, " elements, and ", remaining(), " bytes follow"));
    if (min_bytes == 0) {
      if (count > kMaxEmptyElements - empty_elements_)
        return fail(cat("more than ", kMaxEmptyElements, " elements without bytes"));
      empty_elements_ += count;
    }
    return true;
  }
}

bool AvroInput::expect_end() {
  return next_ == end_ || fail(cat(remaining(), " bytes follow the record"));
}

bool AvroInput::fail(std::string why) {
  if (problem_.empty()) problem_ = std::move(why);
  return false;
}
bool AvroInput::fail_integer(bool too_long) {
  return fail(too_long ? "an integer of more than 64 bits"
                       : "the message ends inside of an integer");
}
bool AvroInput::fail_short(size_t wanted) {
  return fail(cat("a value of ", wanted, " bytes, and ", remaining(), " follow"));
}
bool AvroInput::fail_deep() {
  return fail(cat("records are nested deeper than ", kMaxDepth, " levels"));
}
bool AvroInput::fail_empty() {
  return fail(cat("more than ", kMaxEmptyElements, " records without bytes"));
}
bool AvroInput::in_field(std::string_view name) {
  prepend_field(path_, name);
  return false;
}
bool AvroInput::in_element(size_t index) {
  prepend_element(path_, index);
  return false;
}
std::string AvroInput::problem() const { return json_problem(path_, problem_); }

bool AvroOutput::put_text(std::string_view text) {
  if (!is_utf8(text))
    return fail(
        "the text is not UTF-8, and a string of Avro holds no other bytes; "
        "std::vector<uint8_t> does");
  put_bytes(text);
  return true;
}
bool AvroOutput::fail(std::string why) {
  if (problem_.empty()) problem_ = std::move(why);
  return false;
}
bool AvroOutput::fail_deep() {
  return fail(cat("records are nested deeper than ", AvroInput::kMaxDepth, " levels"));
}
bool AvroOutput::in_field(std::string_view name) {
  prepend_field(path_, name);
  return false;
}
bool AvroOutput::in_element(size_t index) {
  prepend_element(path_, index);
  return false;
}
std::string AvroOutput::problem() const { return json_problem(path_, problem_); }

}  // namespace weir::detail
