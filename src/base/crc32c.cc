#include "base/crc32c.h"

#include <cstring>

namespace weir {
namespace {

using Table = std::array<uint32_t, 256>;

constexpr Table table_of(uint32_t polynomial) {
  Table table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? crc >> 1 ^ polynomial : crc >> 1;
    table[i] = crc;
  }
  return table;
}

constexpr Table kCastagnoli = table_of(0x82F63B78);
constexpr Table kZlib = table_of(0xEDB88320);

uint32_t by_table(const Table& table, std::string_view bytes) {
  uint32_t crc = UINT32_MAX;
  for (const char byte : bytes)
    crc = crc >> 8 ^ table[(crc ^ static_cast<unsigned char>(byte)) & 0xFF];
  return ~crc;
}

#if defined(__x86_64__)
bool has_instruction() {
  static const bool has = __builtin_cpu_supports("sse4.2") != 0;
  return has;
}

uint64_t word_at(const char* at) {
  uint64_t word = 0;
  std::memcpy(&word, at, 8);
  return word;
}

[[gnu::target("sse4.2")]] uint32_t by_instruction(std::string_view bytes) {
  uint64_t crc = UINT32_MAX;
  const char* at = bytes.data();
  size_t left = bytes.size();
  for (; left >= 8; left -= 8, at += 8) crc = __builtin_ia32_crc32di(crc, word_at(at));
  auto rest = static_cast<uint32_t>(crc);
  for (; left > 0; --left, ++at)
    rest = __builtin_ia32_crc32qi(rest, static_cast<unsigned char>(*at));
  return ~rest;
}

/// `bytes` is a multiple of 8.
[[gnu::target("sse4.2")]] std::array<uint32_t, 3> three_by_instruction(const char* at,
                                                                       size_t bytes) {
  uint64_t first = UINT32_MAX, second = UINT32_MAX, third = UINT32_MAX;
  for (const char* const end = at + bytes; at < end; at += 8) {
    first = __builtin_ia32_crc32di(first, word_at(at));
    second = __builtin_ia32_crc32di(second, word_at(at + bytes));
    third = __builtin_ia32_crc32di(third, word_at(at + 2 * bytes));
  }
  return {~static_cast<uint32_t>(first), ~static_cast<uint32_t>(second),
          ~static_cast<uint32_t>(third)};
}
#endif

}  // namespace

uint32_t crc32c(std::string_view bytes) {
#if defined(__x86_64__)
  if (has_instruction()) return by_instruction(bytes);
#endif
  return by_table(kCastagnoli, bytes);
}

std::array<uint32_t, 3> crc32c_of_three(const char* at, size_t bytes) {
#if defined(__x86_64__)
  if (has_instruction() && bytes % 8 == 0) return three_by_instruction(at, bytes);
#endif
  return {crc32c({at, bytes}), crc32c({at + bytes, bytes}), crc32c({at + 2 * bytes, bytes})};
}

uint32_t crc32_of_zlib(std::string_view bytes) { return by_table(kZlib, bytes); }

}  // namespace weir
