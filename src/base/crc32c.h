#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir {

/// CRC-32C (RFC 3720, polynomial 0x1EDC6F41 reflected), the checksum of HDFS's blocks and of
/// Snappy's frames. Uses the processor's instruction where there is one.
uint32_t crc32c(std::string_view bytes);

/// Those of three adjacent pieces of `bytes` bytes each: the processor works at all three at a
/// time, because each of its instructions waits for the one before.
std::array<uint32_t, 3> crc32c_of_three(const char* at, size_t bytes);

/// CRC-32 of zlib, which older files of HDFS have.
uint32_t crc32_of_zlib(std::string_view bytes);

}  // namespace weir
