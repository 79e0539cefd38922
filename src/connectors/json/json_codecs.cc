#include "weir/detail/format/json_codecs.h"

#include <optional>

#include "base/strings.h"

namespace weir::detail {
namespace {

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

bool read_unknown_json_field(JsonReader& in, std::string_view key) {
  if (in.options().ignore_unknown_fields) return in.skip() || in.in_field(key);
  return in.fail(cat("there is no field '", key, "'"));
}

bool fail_repeated_json_field(JsonReader& in, std::string_view key) {
  return in.fail(cat("the key '", key, "' comes twice"));
}

bool fail_missing_json_field(JsonReader& in, std::string_view key) {
  return in.fail(cat("the field '", key, "' is missing"));
}

bool read_json_time(JsonReader& in, int64_t num, int64_t den, int64_t* ticks) {
  const std::string& format = in.options().time_format;
  std::string_view text;
  if (!in.read_text(text)) return false;
  const std::optional<CivilTime> time = parse_time(text, format);
  if (time && to_ticks(*time, num, den, ticks)) return true;
  return in.expected(time             ? "a point in time that the field can hold"
                     : format.empty() ? "a point in time in ISO 8601"
                                      : cat("a point in time in the format ", format));
}

bool write_json_time(JsonWriter& out, int64_t num, int64_t den, int64_t ticks) {
  std::string text;
  append_time(text, from_ticks(ticks, num, den), out.options().time_format);
  return out.text(text);
}

void append_base64(std::string& out, std::string_view bytes) {
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t count = std::min<size_t>(3, bytes.size() - i);
    uint32_t bits = 0;
    for (size_t j = 0; j < 3; ++j)
      bits = bits << 8 | (j < count ? static_cast<unsigned char>(bytes[i + j]) : 0u);
    for (size_t j = 0; j < 4; ++j) out += j <= count ? kBase64[bits >> (18 - 6 * j) & 63] : '=';
  }
}

bool decode_base64(std::string_view text, std::string& bytes) {
  if (text.size() % 4 != 0) return false;
  for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
  uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    const size_t digit = kBase64.find(c);
    if (digit == std::string_view::npos) return false;
    bits = bits << 6 | static_cast<uint32_t>(digit);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    bytes += static_cast<char>(bits >> held & 255);
  }
  return (bits & ((1u << held) - 1)) == 0;  // no byte has two spellings
}

}  // namespace weir::detail
