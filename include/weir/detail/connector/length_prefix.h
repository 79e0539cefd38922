#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "weir/types/bytes.h"

namespace weir::detail {

/// Records in a file, each after its length as an i32 in big-endian order.
inline constexpr size_t kLengthBytes = 4;

/// Sets the length at `at` to the number of bytes behind it.
inline void set_length(std::string& out, size_t at) {
  const size_t length = out.size() - at - kLengthBytes;
  if (length > kMaxCount) throw_too_long(length, "bytes", kMaxCount);
  for (size_t i = 0; i < kLengthBytes; ++i)
    out[at + i] = static_cast<char>(length >> (8 * (kLengthBytes - 1 - i)));
}
/// The length at the front of `bytes`, which has at least kLengthBytes. Negative: damaged.
inline int32_t get_length(std::string_view bytes) {
  uint32_t length = 0;
  for (size_t i = 0; i < kLengthBytes; ++i)
    length = length << 8 | static_cast<unsigned char>(bytes[i]);
  return static_cast<int32_t>(length);
}

}  // namespace weir::detail
