#include "types/utf16.h"

#include <utility>

namespace weir {

void Utf16Decoder::add(uint16_t unit) {
  const bool is_low = unit >= 0xDC00 && unit <= 0xDFFF;
  if (high_ != 0) {
    if (is_low) {
      add_point(0x10000u + ((high_ - 0xD800u) << 10) + (unit - 0xDC00u));
    } else {
      good_ = false;
    }
    high_ = 0;
    if (is_low) return;
  }
  if (unit >= 0xD800 && unit <= 0xDBFF) {
    high_ = unit;
  } else if (unit >= 0xDC80 && unit <= 0xDCFF) {
    text_ += static_cast<char>(unit - 0xDC00);
  } else if (is_low) {
    good_ = false;
  } else {
    add_point(unit);
  }
}

bool Utf16Decoder::finish(std::string* text) {
  if (!good_ || high_ != 0) return false;
  *text = std::move(text_);
  return true;
}

void Utf16Decoder::add_point(uint32_t point) {
  if (point < 0x80) {
    text_ += static_cast<char>(point);
  } else if (point < 0x800) {
    text_ += static_cast<char>(0xC0 | point >> 6);
    text_ += static_cast<char>(0x80 | (point & 0x3F));
  } else if (point < 0x10000) {
    text_ += static_cast<char>(0xE0 | point >> 12);
    text_ += static_cast<char>(0x80 | (point >> 6 & 0x3F));
    text_ += static_cast<char>(0x80 | (point & 0x3F));
  } else {
    text_ += static_cast<char>(0xF0 | point >> 18);
    text_ += static_cast<char>(0x80 | (point >> 12 & 0x3F));
    text_ += static_cast<char>(0x80 | (point >> 6 & 0x3F));
    text_ += static_cast<char>(0x80 | (point & 0x3F));
  }
}

}  // namespace weir
