#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir {

struct HdfsOptions {
  std::string file_permission = "640";
  std::string directory_permission = "750";
  /// Asks the DataNodes to sync each block to disk (the create flag SYNC_BLOCK, Hadoop 3), so that
  /// a closed file survives a power loss.
  bool sync_on_close = true;
  /// WebHDFS: files up to this size are sent in one piece, which can be retried; larger ones are
  /// sent while they are written.
  size_t buffer_bytes = 4 << 20;
};

/// The bits of a permission such as "640".
inline uint32_t permission_bits(std::string_view octal) {
  uint32_t bits = 0;
  for (const char digit : octal) bits = bits * 8 + static_cast<uint32_t>(digit - '0');
  return bits;
}

}  // namespace weir
