#pragma once

#include <cstddef>
#include <string>

namespace weir {

struct HdfsOptions {
  std::string file_permission = "640";
  std::string directory_permission = "750";
  /// Asks the DataNodes to sync each block to disk (the create flag SYNC_BLOCK, Hadoop 3), so that
  /// a closed file survives a power loss.
  bool sync_on_close = true;
  /// Files up to this size are sent in one piece, which can be retried; larger ones are sent while
  /// they are written.
  size_t buffer_bytes = 4 << 20;
};

}  // namespace weir
