#include "base/ids.h"

#include <algorithm>
#include <bit>

#include "base/strings.h"

namespace weir {
namespace {

uint64_t little_endian(const char* at, size_t length) {
  uint64_t value = 0;
  for (size_t i = 0; i < length; ++i)
    value |= static_cast<uint64_t>(static_cast<uint8_t>(at[i])) << (8 * i);
  return value;
}

uint64_t final_mix(uint64_t h) {
  h ^= h >> 33;
  h *= 0xFF51AFD7ED558CCDu;
  h ^= h >> 33;
  h *= 0xC4CEB9FE1A85EC53u;
  h ^= h >> 33;
  return h;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string Id128::to_hex() const { return weir::to_hex(raw()); }

Id128 Id128::from_raw(std::string_view raw) {
  Id128 id;
  if (raw.size() == id.bytes.size()) std::copy(raw.begin(), raw.end(), id.bytes.begin());
  return id;
}

StatusOr<Id128> Id128::from_hex(std::string_view hex) {
  Id128 id;
  bool good = hex.size() == 2 * id.bytes.size();
  for (size_t i = 0; good && i < id.bytes.size(); ++i) {
    const int high = hex_digit(hex[2 * i]);
    const int low = hex_digit(hex[2 * i + 1]);
    good = high >= 0 && low >= 0;
    id.bytes[i] = static_cast<uint8_t>(high << 4 | low);
  }
  if (!good) return invalid_argument(cat("'", hex, "' is no id: it takes 32 hexadecimal digits"));
  return id;
}

// Austin Appleby's MurmurHash3_x64_128 (public domain).
Id128 murmur3_128(std::string_view text) {
  constexpr uint64_t kC1 = 0x87C37B91114253D5u;
  constexpr uint64_t kC2 = 0x4CF5AD432745937Fu;
  const auto mix1 = [](uint64_t k) { return std::rotl(k * kC1, 31) * kC2; };
  const auto mix2 = [](uint64_t k) { return std::rotl(k * kC2, 33) * kC1; };

  uint64_t h1 = 0;
  uint64_t h2 = 0;
  const char* at = text.data();
  size_t left = text.size();
  for (; left >= 16; left -= 16, at += 16) {
    h1 ^= mix1(little_endian(at, 8));
    h1 = (std::rotl(h1, 27) + h2) * 5 + 0x52DCE729;
    h2 ^= mix2(little_endian(at + 8, 8));
    h2 = (std::rotl(h2, 31) + h1) * 5 + 0x38495AB5;
  }
  if (left > 8) h2 ^= mix2(little_endian(at + 8, left - 8));
  h1 ^= mix1(little_endian(at, left < 8 ? left : 8));

  h1 ^= text.size();
  h2 ^= text.size();
  h1 += h2;
  h2 += h1;
  h1 = final_mix(h1);
  h2 = final_mix(h2);
  h1 += h2;
  h2 += h1;

  Id128 id;
  for (size_t i = 0; i < 8; ++i) {
    id.bytes[i] = static_cast<uint8_t>(h1 >> (8 * i));
    id.bytes[8 + i] = static_cast<uint8_t>(h2 >> (8 * i));
  }
  return id;
}

}  // namespace weir
