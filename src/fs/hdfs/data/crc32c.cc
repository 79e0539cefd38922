#include "fs/hdfs/data/crc32c.h"

#include <array>
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
[[gnu::target("sse4.2")]] uint32_t by_instruction(std::string_view bytes) {
  uint64_t crc = UINT32_MAX;
  const char* at = bytes.data();
  size_t left = bytes.size();
  for (; left >= 8; left -= 8, at += 8) {
    uint64_t word = 0;
    std::memcpy(&word, at, 8);
    crc = __builtin_ia32_crc32di(crc, word);
  }
  auto rest = static_cast<uint32_t>(crc);
  for (; left > 0; --left, ++at)
    rest = __builtin_ia32_crc32qi(rest, static_cast<unsigned char>(*at));
  return ~rest;
}
#endif

}  // namespace

uint32_t crc32c(std::string_view bytes) {
#if defined(__x86_64__)
  static const bool has_instruction = __builtin_cpu_supports("sse4.2") != 0;
  if (has_instruction) return by_instruction(bytes);
#endif
  return by_table(kCastagnoli, bytes);
}

uint32_t crc32_of_zlib(std::string_view bytes) { return by_table(kZlib, bytes); }

}  // namespace weir
