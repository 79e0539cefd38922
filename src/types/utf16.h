#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir {

/// Calls unit(uint16_t) for each UTF-16 unit of UTF-8 `text`. A byte b outside of any well-formed
/// sequence (overlong forms and encoded surrogates included) becomes the lone surrogate U+DC00 + b,
/// as with Python's surrogateescape, so that arbitrary bytes round-trip.
template <class Unit>
void for_each_utf16_unit(std::string_view text, Unit&& unit) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const auto tail = [&](size_t i) { return i < text.size() && (byte(i) & 0xC0) == 0x80; };
  for (size_t i = 0; i < text.size();) {
    const uint8_t a = byte(i);
    if (a < 0x80) {
      unit(static_cast<uint16_t>(a));
      ++i;
      continue;
    }
    if (a >= 0xC2 && a <= 0xDF && tail(i + 1)) {
      unit(static_cast<uint16_t>((a & 0x1F) << 6 | (byte(i + 1) & 0x3F)));
      i += 2;
      continue;
    }
    if ((a & 0xF0) == 0xE0 && tail(i + 1) && tail(i + 2)) {
      const uint32_t point = (a & 0x0Fu) << 12 | (byte(i + 1) & 0x3Fu) << 6 | (byte(i + 2) & 0x3Fu);
      if (point >= 0x800 && (point < 0xD800 || point > 0xDFFF)) {
        unit(static_cast<uint16_t>(point));
        i += 3;
        continue;
      }
    }
    if (a >= 0xF0 && a <= 0xF4 && tail(i + 1) && tail(i + 2) && tail(i + 3)) {
      const uint32_t point = (a & 0x07u) << 18 | (byte(i + 1) & 0x3Fu) << 12 |
                             (byte(i + 2) & 0x3Fu) << 6 | (byte(i + 3) & 0x3Fu);
      if (point >= 0x10000 && point <= 0x10FFFF) {
        unit(static_cast<uint16_t>(0xD800 + ((point - 0x10000) >> 10)));
        unit(static_cast<uint16_t>(0xDC00 + ((point - 0x10000) & 0x3FF)));
        i += 4;
        continue;
      }
    }
    unit(static_cast<uint16_t>(0xDC00 + a));
    ++i;
  }
}

/// The reverse direction. Thread: one at a time.
class Utf16Decoder {
 public:
  void add(uint16_t unit);
  /// False if there was a lone surrogate that encodes no byte: such text has no form in UTF-8.
  bool finish(std::string* text);

 private:
  void add_point(uint32_t point);

  std::string text_;
  uint16_t high_ = 0;  ///< a high surrogate that waits for its low one, or 0
  bool good_ = true;
};

}  // namespace weir
