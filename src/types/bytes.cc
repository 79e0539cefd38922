#include "weir/types/bytes.h"

#include "types/utf16.h"

namespace weir {
namespace {

constexpr size_t kMaxUtf = 65535;
// In a string: the length is written plus one, and Flink reads it as an int.
constexpr size_t kMaxUnits = detail::kMaxCount - 1;

bool is_ascii(const char* at, size_t length) {
  size_t i = 0;
  for (; i + 8 <= length; i += 8) {
    uint64_t word;
    std::memcpy(&word, at + i, sizeof word);
    if ((word & 0x8080808080808080u) != 0) return false;
  }
  for (; i < length; ++i) {
    if (static_cast<uint8_t>(at[i]) >= 0x80) return false;
  }
  return true;
}

void put_varint(BinaryWriter& out, uint32_t value) {
  while (value >= 0x80) {
    out.put_u8(static_cast<uint8_t>(value) | 0x80);
    value >>= 7;
  }
  out.put_u8(static_cast<uint8_t>(value));
}

uint32_t get_varint(BinaryReader& in) {
  uint32_t value = 0;
  for (int shift = 0; shift < 32; shift += 7) {
    const uint8_t byte = in.get_u8();
    if (shift == 28 && byte > 0x0F) break;
    value |= static_cast<uint32_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return value;
  }
  in.fail("a number of more than 32 bits");
  return 0;
}

}  // namespace

void BinaryWriter::put_utf(std::string_view text) {
  const size_t at = size();
  put_u16(0);
  for_each_utf16_unit(text, [this](uint16_t unit) {
    if (unit >= 1 && unit <= 0x7F) {
      put_u8(static_cast<uint8_t>(unit));
    } else if (unit <= 0x7FF) {
      put_u8(static_cast<uint8_t>(0xC0 | unit >> 6));
      put_u8(static_cast<uint8_t>(0x80 | (unit & 0x3F)));
    } else {
      put_u8(static_cast<uint8_t>(0xE0 | unit >> 12));
      put_u8(static_cast<uint8_t>(0x80 | (unit >> 6 & 0x3F)));
      put_u8(static_cast<uint8_t>(0x80 | (unit & 0x3F)));
    }
  });
  const size_t length = size() - at - 2;
  if (length > kMaxUtf) detail::throw_too_long(length, "bytes", kMaxUtf);
  buffer_[at] = static_cast<char>(length >> 8);
  buffer_[at + 1] = static_cast<char>(length);
}

void BinaryWriter::put_flink_string(std::string_view text) {
  if (is_ascii(text.data(), text.size())) {
    if (text.size() > kMaxUnits) detail::throw_too_long(text.size(), "characters", kMaxUnits);
    put_varint(*this, static_cast<uint32_t>(text.size() + 1));
    put_raw(text);
    return;
  }
  size_t units = 0;
  for_each_utf16_unit(text, [&](uint16_t) { ++units; });
  if (units > kMaxUnits) detail::throw_too_long(units, "characters", kMaxUnits);
  put_varint(*this, static_cast<uint32_t>(units + 1));
  for_each_utf16_unit(text, [&](uint16_t unit) { put_varint(*this, unit); });
}

std::string BinaryReader::get_utf() {
  const std::string_view raw = get_raw(get_u16());
  Utf16Decoder decoded;
  for (size_t i = 0; i < raw.size();) {
    const auto a = static_cast<uint8_t>(raw[i]);
    const size_t length = a < 0x80 ? 1 : (a & 0xE0) == 0xC0 ? 2 : (a & 0xF0) == 0xE0 ? 3 : 0;
    const auto tail = [&](size_t k) { return static_cast<uint8_t>(raw[i + k]); };
    if (length == 0 || i + length > raw.size() || (length > 1 && (tail(1) & 0xC0) != 0x80) ||
        (length > 2 && (tail(2) & 0xC0) != 0x80)) {
      fail("a name that is not modified UTF-8");
      return {};
    }
    decoded.add(static_cast<uint16_t>(length == 1   ? a
                                      : length == 2 ? (a & 0x1F) << 6 | (tail(1) & 0x3F)
                                                    : (a & 0x0F) << 12 | (tail(1) & 0x3F) << 6 |
                                                          (tail(2) & 0x3F)));
    i += length;
  }
  std::string text;
  if (!decoded.finish(&text)) {
    fail("a name with half a surrogate pair");
    return {};
  }
  return text;
}

std::string BinaryReader::get_flink_string() {
  const uint32_t marked = get_varint(*this);
  if (marked == 0) {
    fail("a null string");
    return {};
  }
  const size_t units = marked - 1;
  if (units > remaining()) {
    fail("needs more bytes than there are");
    return {};
  }
  if (is_ascii(bytes_.data() + position_, units)) return std::string(get_raw(units));

  Utf16Decoder decoded;
  for (size_t i = 0; i < units && ok(); ++i) {
    const uint32_t unit = get_varint(*this);
    if (unit > 0xFFFF) fail("a character of more than 16 bits");
    decoded.add(static_cast<uint16_t>(unit));
  }
  std::string text;
  if (ok() && !decoded.finish(&text)) fail("a string with half a surrogate pair");
  if (!ok()) return {};
  return text;
}

Status BinaryReader::status(std::string_view what) const {
  if (ok()) return {};
  std::string message(what);
  message += ": the bytes are malformed at offset ";
  message += std::to_string(failed_at_);
  message += " of ";
  message += std::to_string(bytes_.size());
  message += ": ";
  message += failure_;
  return data_loss(std::move(message));
}

}  // namespace weir
